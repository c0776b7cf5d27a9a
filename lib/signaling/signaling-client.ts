import { typeError } from "../arguments.js";
import { EventHub, type EventListener } from "../event-hub.js";
import { NetworkClient } from "../message/index.js";
import { checkOptions, type OptionRule, type OptionRules, objectOption, required } from "../options.js";
import { secureRandomBytes } from "../random.js";
import { reportUncaught } from "../report-uncaught.js";
import type { GnsSignaling, NetworkingIdentity } from "../socket/gns.js";
import { MESSAGES, Register, SECRET_BYTES, Signal, Undelivered, type UndeliveredReason } from "./signaling-messages.js";

/** The options of a {@link SignalingClient}. */
export interface SignalingClientOptions {
  /** Not connected yet. With `reconnect: true` it comes back by itself, and so does the signaling. */
  client: NetworkClient;
  /** The identity of this process, that of `GnsSocketFactory` or `Library.initialize`. */
  identity: NetworkingIdentity;
}

/** The events of a {@link SignalingClient}. */
export interface SignalingClientEvents {
  /** The server carries signals to and from this identity: after each connection. */
  registered: [];
  /** A signal was not carried. GNS goes on trying until its own timeout. */
  undelivered: [identity: string, why: UndeliveredReason];
}

const clientOption = objectOption("use", "connect");
const identityOption: OptionRule = (name, value) => {
  if ((value as NetworkingIdentity)?.isInvalid !== false) throw typeError(name, "a NetworkingIdentity that is valid");
};
const RULES: OptionRules<SignalingClientOptions> = {
  client: required(clientOption),
  identity: required(identityOption),
};

/**
 * The signaling of a peer over a `SignalingServer`: give it to `GnsSocketFactory` (`peer: { signaling }`), or connect
 * it with `onSignal` and `receiveSignal` of `NetworkingSockets` (docs/p2p.md). One object serves all sockets of a
 * process.
 */
export class SignalingClient implements GnsSignaling {
  readonly #client: NetworkClient;
  readonly #identity: string;
  readonly #secret = secureRandomBytes(SECRET_BYTES);
  readonly #events = new EventHub<SignalingClientEvents>(["registered", "undelivered"], reportUncaught);
  readonly #received = new EventHub<{ signal: [data: Uint8Array] }>(["signal"], (error) =>
    NetworkClient.report(this.#client, error, "onSignal"),
  );
  #registering: Promise<void> | null = null;
  #isRegistered = false;

  /** @throws TypeError for a wrong option; NetworkError `ERR_STATE` if the client is active */
  constructor(options: SignalingClientOptions) {
    checkOptions("SignalingClient", options, RULES);
    const { client, identity } = options;
    clientOption("client", client);
    identityOption("identity", identity);
    this.#client = client;
    this.#identity = identity.toString();
    client.use({
      messages: MESSAGES,
      playerAuthenticated: () => this.#registerAgain(),
      playerResumed: () => this.#registerAgain(), // The session may be at another server now.
      playerDisconnecting: () => {
        this.#isRegistered = false;
      },
    });
    client.messageHandler.register(Signal, ({ data }) => this.#received.emit("signal", data));
    client.messageHandler.register(Undelivered, ({ identity, why }) => {
      if (why === "unregistered") {
        this.#isRegistered = false;
        this.#registering = null;
      }
      this.#events.emit("undelivered", identity, why);
    });
  }

  /**
   * Resolves when the server knows this identity. It is asked by itself after each connection, so await this after
   * `connect`; call it again after an error, or when a signal was `unregistered`.
   *
   * @throws (rejects) NetworkError `ERR_REQUEST_REFUSED`: somebody else has the identity, the server's `identify` does
   *   not give it, or it is no `str:`, `steamid:` or `gen:`; `ERR_MESSAGE_NOT_AGREED`: the server has no
   *   `SignalingServer`; the other errors of `NetworkClient.request`
   */
  register(): Promise<void> {
    this.#registering ??= this.#register();
    return this.#registering;
  }

  /**
   * Adds a listener of an event.
   *
   * @returns a function that removes it
   * @throws TypeError for a name that is no event, or a listener that is no function
   */
  on<Name extends keyof SignalingClientEvents>(
    name: Name,
    listener: EventListener<SignalingClientEvents[Name]>,
  ): () => void {
    return this.#events.on(name, listener);
  }

  /** Carries a signal. It is lost while there is no connection, and GNS says it again later. */
  send(to: NetworkingIdentity, data: Uint8Array): void {
    if (this.#isRegistered) this.#client.send(Signal, { identity: to.toString(), data });
  }

  onSignal(callback: (data: Uint8Array) => void): () => void {
    return this.#received.on("signal", callback);
  }

  #registerAgain(): void {
    this.#registering = null;
    this.register().catch((error) => {
      if (this.#client.isConnected) NetworkClient.report(this.#client, error, "signaling");
    });
  }

  async #register(): Promise<void> {
    try {
      await this.#client.request(Register, { identity: this.#identity, secret: this.#secret });
    } catch (error) {
      this.#registering = null;
      throw error;
    }
    this.#isRegistered = true;
    this.#events.emit("registered");
  }
}
