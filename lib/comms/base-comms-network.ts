import { isThenable } from "../brands.js";
import type { EventListener } from "../event-hub.js";
import type { ByteSegment } from "../peer/index.js";
import { type BaseClient, clientDriver } from "./base-client.js";
import { type BaseServer, serverDriver } from "./base-server.js";
import { Comms } from "./comms.js";
import {
  CommsNetworkCore,
  type CommsNetworkEvents,
  type CommsNetworkOptions,
  checkInitialized,
  type Session,
} from "./network-core.js";
import { setLink } from "./network-link.js";
import { type ConnectionStatus, isClientEnabled, isServerEnabled, NetworkMode, type Unit } from "./values/modes.js";
import type { PeerKey } from "./values/peer-key.js";

/**
 * Voice comms over a transport of your own (the seed's `BaseCommsNetwork`): extend it, and make a server and a client
 * that know the transport. `runAsHost`, `runAsDedicatedServer`, `runAsClient` and `stop` say what this program is.
 *
 * docs/comms.md follows the tutorial step by step.
 */
export abstract class BaseCommsNetwork<
  TServer extends BaseServer<TPeer>,
  TClient extends BaseClient<TPeer>,
  TPeer,
  TClientParam = Unit,
  TServerParam = Unit,
> {
  /** What a user of voice does. */
  readonly comms: Comms;
  readonly #core: CommsNetworkCore<TPeer>;
  #server: TServer | null = null;
  #client: TClient | null = null;
  #isInitialized = false;
  #initializing: "no" | "yes" | "done" | "failed" = "no";
  /** What was asked for before `initialize` was done. */
  #waiting: Session<TPeer> | null | undefined;

  /** @throws TypeError, RangeError for a wrong option */
  constructor(options: CommsNetworkOptions<TPeer> = {}) {
    const core = new CommsNetworkCore<TPeer>(
      {
        update: () => this.update(),
        preprocessPacketToClient: (packet, destination) => this.preprocessPacketToClient(packet, destination),
        peerKey: (peer) => this.peerKey(peer),
        localPeer: () => this.localPeer(),
      },
      options,
    );
    this.#core = core;
    this.comms = new Comms(core.comms);
    setLink(this, core);
  }

  /** What this program is in the session; `None` without one. */
  get mode(): NetworkMode {
    return this.#core.mode;
  }

  /** How far the session has come. A dedicated server says `Connected` while it runs. */
  get status(): ConnectionStatus {
    return this.#core.status;
  }

  /** Whether `initialize` is done. The first `update` or `runAs…` calls it. */
  get isInitialized(): boolean {
    return this.#isInitialized;
  }

  /** The server of the present mode, null without one. */
  get server(): TServer | null {
    return isServerEnabled(this.mode) ? this.#server : null;
  }

  /** The client of the present mode, null without one. */
  get client(): TClient | null {
    return isClientEnabled(this.mode) ? this.#client : null;
  }

  /** Makes the server, and connects nothing. */
  protected abstract createServer(details: TServerParam): TServer;

  /** Makes the client, and connects nothing. */
  protected abstract createClient(details: TClientParam): TClient;

  /** Prepares the transport, once. An override calls the base class's at its end; it may be async. */
  protected initialize(): void | Promise<void> {
    this.#isInitialized = true;
  }

  /**
   * Is server and client from now on. Does nothing while it is both.
   *
   * @throws TypeError, RangeError for wrong parameters
   */
  runAsHost(server: TServerParam, client: TClientParam): void {
    this.#want(this.#session(NetworkMode.Host, server, client));
  }

  /** Is a server from now on, without a user of its own. @throws TypeError, RangeError for wrong parameters */
  runAsDedicatedServer(server: TServerParam): void {
    this.#want(this.#session(NetworkMode.DedicatedServer, server, undefined));
  }

  /**
   * Is a client from now on, and joins the session of a server. `status` and `fault` tell what becomes of it.
   *
   * @throws TypeError, RangeError for wrong parameters
   */
  runAsClient(client: TClientParam): void {
    this.#want(this.#session(NetworkMode.Client, undefined, client));
  }

  /** Ends the session: the client leaves first, then the server stops. Does nothing without one. */
  stop(): void {
    this.#want(null);
  }

  /**
   * Hands over what has come and does what is due. Call it in your loop, at least every 20 ms, if `readMessages` polls;
   * timers of the session call it too.
   */
  update(): void {
    this.#initialize();
    this.#core.update();
  }

  /**
   * Whether a packet is for the client in this program, which gets it with the next `update` then. The base class calls
   * it before each packet to a client; an integration whose server is not the base class's calls it too.
   */
  preprocessPacketToClient(packet: ByteSegment, destination: TPeer): boolean {
    return this.#core.loopToClient(packet, destination);
  }

  /** What tells two peers apart. @defaultValue the peer itself */
  protected peerKey(peer: TPeer): PeerKey {
    return peer as PeerKey;
  }

  /**
   * How the server calls the client in this program, if the transport does not connect the two: packets between them go
   * through `update` then. @defaultValue null: the transport carries them
   */
  protected localPeer(): TPeer | null {
    return null;
  }

  /**
   * Adds a listener of an event.
   *
   * @returns a function that removes it
   * @throws TypeError for a name that is no event, or a listener that is no function
   */
  on<Name extends keyof CommsNetworkEvents>(name: Name, listener: EventListener<CommsNetworkEvents[Name]>): () => void {
    return this.#core.events.on(name, listener);
  }

  #session(mode: NetworkMode, server: TServerParam | undefined, client: TClientParam | undefined): Session<TPeer> {
    return {
      mode,
      createServer: () => {
        this.#server = this.createServer(server as TServerParam);
        return serverDriver(this.#server);
      },
      createClient: () => {
        this.#client = this.createClient(client as TClientParam);
        return clientDriver(this.#client);
      },
    };
  }

  #want(session: Session<TPeer> | null): void {
    // What has failed may go now: whoever starts a session tries it again, and `update` does not.
    if (this.#initializing === "failed" && session) this.#initializing = "no";
    this.#initialize();
    if (this.#initializing === "done") this.#core.want(session);
    else this.#waiting = session;
  }

  #initialize(): void {
    if (this.#initializing !== "no") return;
    this.#initializing = "yes";
    const done = () => {
      checkInitialized(this.#isInitialized);
      this.#initializing = "done";
      if (this.#waiting !== undefined) this.#core.want(this.#waiting);
      this.#waiting = undefined;
    };
    try {
      const result = this.initialize();
      if (isThenable(result))
        Promise.resolve(result)
          .then(done)
          .catch((error) => {
            this.#initializing = "failed";
            this.#waiting = undefined;
            this.#core.report(error);
          });
      else done();
    } catch (error) {
      this.#initializing = "no";
      throw error;
    }
  }
}
