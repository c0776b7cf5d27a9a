import { native } from "../../addon/native.js";
import { type ConfigOption, ConfigValue } from "../configuration/config-value.js";
import { checkBytes, checkFunction, typeError } from "../values/arguments.js";
import { NetworkingIdentity } from "../values/networking-identity.js";
import { noteCreate } from "./runtime.js";
import { encodeIdentity, nativeOptionsOf } from "./sockets-connections.js";
import { SocketsLanes } from "./sockets-lanes.js";

export interface P2POptions {
  /** The port of the P2P listen socket over there, 0 to 65535; 0 unless told. */
  remoteVirtualPort?: number;
  /** The port here, for a symmetric connection; the remote one unless told. */
  localVirtualPort?: number;
  /**
   * Both sides connect to each other and get one connection, whoever was first. Both must ask for it, with ports that
   * match crosswise, and both pass `allowRequests` to `receiveSignal`.
   */
  symmetric?: boolean;
  /** GNS's configuration: those of `iceOptions` first of all. */
  options?: readonly ConfigOption[];
}

/**
 * Told of a signal to carry to a peer: a few hundred bytes, opaque. GNS sends them again until they are answered, so
 * that they may be lost, repeated and reordered.
 *
 * @param connection the connection that it is about; 0 for the refusal of a request
 * @param identity who shall get it; invalid for a connection made without an identity, until its peer answers
 */
export type SignalCallback = (connection: number, identity: NetworkingIdentity, data: Uint8Array) => void;

/** The part of {@link NetworkingSockets} that connects peers behind routers, with signals carried by the application. */
export abstract class SocketsP2P extends SocketsLanes {
  #onSignal: SignalCallback | null = null;
  readonly #signals: { connection: number; identity: Uint8Array; data: Uint8Array }[] = [];

  /**
   * Starts to connect to a peer whose address is not known (GNS's P2P, with ICE: local network, then through routers by
   * STUN, then by a TURN server). {@link onSignal} gives what has to reach the peer's {@link receiveSignal}, and the
   * other way round. Whether it succeeds is told by an event, as for `connect`. (Not in the ValveSockets README.)
   *
   * @param identity whom to connect to: GNS refuses a peer of another name; null takes who answers
   * @returns the connection, or 0: see `Library.lastError`
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE`: also for a STUN or TURN server by name
   */
  connectP2P(identity: NetworkingIdentity | null, options: P2POptions = {}): number {
    const encoded = encodeIdentity("identity", identity);
    if (typeof options !== "object" || options === null) throw typeError("options", "an object");
    const { remoteVirtualPort = 0, localVirtualPort, symmetric = false, options: config = [] } = options;
    if (typeof symmetric !== "boolean") throw typeError("symmetric", "a boolean");
    const nativeOptions = nativeOptionsOf(config);
    if (symmetric) nativeOptions.push([ConfigValue.SymmetricConnect, 1, 1]);
    const localPort = localVirtualPort ?? (symmetric ? remoteVirtualPort : undefined);
    if (localPort !== undefined) nativeOptions.push([ConfigValue.LocalVirtualPort, 1, localPort]);
    return this.noteOpened(noteCreate(native.connectP2P(this.owner, encoded, remoteVirtualPort, nativeOptions)));
  }

  /**
   * Creates a socket that peers connect to with {@link connectP2P} (GNS). What comes in is accepted like other
   * connections. A port can be listened on once per process. (Not in the ValveSockets README.)
   *
   * @param virtualPort 0 to 65535
   * @param options GNS's configuration for it and for what comes in by it: those of `iceOptions` first of all
   * @returns the listen socket, or 0: see `Library.lastError`
   */
  createListenSocketP2P(virtualPort: number, options: readonly ConfigOption[] = []): number {
    const nativeOptions = nativeOptionsOf(options);
    return this.noteOpened(noteCreate(native.createListenSocketP2P(this.owner, virtualPort, nativeOptions)));
  }

  /**
   * Has `callback` called on the event loop for every signal to carry to a peer. Those that came before wait, up to
   * 1024. One callback at a time; null removes it. With one, this object lives until `destroy`. (Not in the ValveSockets
   * README.)
   */
  onSignal(callback: SignalCallback | null): void {
    if (callback !== null) checkFunction("callback", callback);
    void this.owner;
    this.#onSignal = callback;
    this.updateWaking();
  }

  /**
   * Takes a signal that a peer's {@link onSignal} gave. It is input from strangers: nothing that it holds can do more
   * than ask for a connection. (Not in the ValveSockets README.)
   *
   * @param allowRequests whether it may ask for a new connection, which then comes as an event in state `Connecting`:
   *   by the P2P listen socket of the port that it asks for, or, without one, by this object
   * @returns false: this is no signal, or not one for a connection of this process
   */
  receiveSignal(data: Uint8Array, options: { allowRequests?: boolean } = {}): boolean {
    checkBytes("data", data);
    if (typeof options !== "object" || options === null) throw typeError("options", "an object");
    const { allowRequests = false } = options;
    return native.receiveSignal(this.owner, data, allowRequests);
  }

  /** @internal */
  protected override get wantsSignals(): boolean {
    return this.#onSignal !== null;
  }

  override destroy(): void {
    this.#onSignal = null;
    super.destroy();
  }

  /** @internal */
  protected override wake(): void {
    if (this.#onSignal !== null) this.#signals.push(...native.takeSignals(this.owner));
    try {
      for (;;) {
        const signal = this.#onSignal === null ? undefined : this.#signals.shift();
        if (signal === undefined) break;
        this.#onSignal?.(signal.connection, NetworkingIdentity.decode(signal.identity), signal.data);
      }
    } finally {
      super.wake(); // also when the callback throws, whose other signals wait for the next time
    }
  }
}
