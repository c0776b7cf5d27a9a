import { checkFunction } from "../arguments.js";
import type { Clock } from "../clock.js";
import type { EventListener } from "../event-hub.js";
import { NetworkError } from "../network-error.js";
import type { Channel, NotifyCallbacks } from "../peer/index.js";
import type { DisconnectReason } from "../socket/index.js";
import type { ClientExtension } from "./extension.js";
import { serverOfHost } from "./host-link.js";
import type { MessageHandler } from "./message-handler.js";
import { NetworkClientCore } from "./network-client-core.js";
import type { ConnectOptions, NetworkClientOptions, SceneLoader } from "./network-client-options.js";
import type { NetworkClientEvents } from "./network-events.js";
import type { NetworkClientMetrics } from "./network-metrics.js";
import type { NetworkServer } from "./network-server.js";
import type { NetworkPlayer } from "./players/network-player.js";
import type { INetworkPlayer, RequestOptions } from "./players/player.js";
import { ErrorFlags, errorCosts } from "./protocol/error-flags.js";
import type { MessageDefinition } from "./protocol/message.js";
import type { Protocol } from "./protocol/protocol.js";
import type { RequestDefinition } from "./protocol/request.js";
import type { NetworkTime } from "./time/network-time.js";

/** The core of a client, for the server in the same process. */
export let coreOf: (client: NetworkClient) => NetworkClientCore;

/** Connects to a server (Mirage's `NetworkClient`). The order of its events is in docs/message.md. */
export class NetworkClient {
  static {
    coreOf = (client) => client.#core;
  }

  /** The one of the options; frozen once a client or server with it has started. */
  readonly protocol: Protocol;
  /** Where you register what handles the server's messages and requests. */
  readonly messageHandler: MessageHandler;
  /** An estimate of the server's time and tick. */
  readonly time: NetworkTime;
  readonly #core: NetworkClientCore;
  #wasConnected = false;

  /** @throws TypeError without a protocol; RangeError for `pingIntervalMs` under 100 */
  constructor(options: NetworkClientOptions) {
    this.#core = new NetworkClientCore(this, options);
    this.protocol = this.#core.protocol;
    this.messageHandler = this.#core.dispatcher;
    this.time = this.#core.time;
    this.#core.events.on("connected", () => {
      this.#wasConnected = true;
    });
  }

  /** @internal The clock of a client, for the layers above it. */
  static clockOf(client: NetworkClient): Clock {
    return client.#core.clock;
  }

  /** @internal See `NetworkServer.report`. */
  static report(client: NetworkClient, error: unknown, place: string): void {
    client.#core.report(error, null, null, place);
  }

  /** @internal An extension cannot read what the server has sent: as for any such message, the connection ends. */
  static unreadable(client: NetworkClient, text: string): void {
    const player = client.#core.player as NetworkPlayer | null;
    if (player) client.#core.charge(player, errorCosts.deserialization, ErrorFlags.Deserialization, text);
  }

  /** @internal In the `started` of a host's client: the server that it joins. */
  static serverOf(client: NetworkClient): NetworkServer | null {
    return serverOfHost(client.#core);
  }

  /** From `connect` (host mode: the server's start) to the end of the connection. */
  get active(): boolean {
    return this.#core.active;
  }

  /** The server; null before the event `connected` and after the end. */
  get player(): INetworkPlayer | null {
    return this.#core.player;
  }

  /** Whether the server can be reached: false before `connected`, while suspended and after the end. */
  get isConnected(): boolean {
    return this.player?.isConnected ?? false;
  }

  /** Whether the server has admitted this client and can be reached; false while suspended. */
  get isAuthenticated(): boolean {
    return this.player?.isAuthenticated ?? false;
  }

  /** Whether the server is in this process, and this client is its host's. */
  get isHost(): boolean {
    return this.#core.isHost;
  }

  /**
   * Loads a scene of the server. While its promise is pending the player is not `ready`. Without a function every scene
   * counts as loaded at once.
   *
   * @defaultValue null
   */
  get onLoadScene(): SceneLoader | null {
    return this.#core.onLoadScene;
  }

  /** @throws TypeError `ERR_INVALID_ARG_TYPE` for what is neither a function nor null */
  set onLoadScene(load: SceneLoader | null) {
    if (load !== null) checkFunction("onLoadScene", load);
    this.#core.onLoadScene = load;
  }

  /** What this client and the layers below it have counted: a copy, made on each access. */
  get metrics(): NetworkClientMetrics {
    return this.#core.metrics;
  }

  /**
   * Adds a listener of an event; what it throws is reported to `onError`.
   *
   * @returns a function that removes the listener
   * @throws TypeError for a name that is no event, or a listener that is no function
   */
  on<Name extends keyof NetworkClientEvents>(
    name: Name,
    listener: EventListener<NetworkClientEvents[Name]>,
  ): () => void {
    return this.#core.events.on(name, listener);
  }

  /** Adds a layer above this client. @throws NetworkError `ERR_STATE` while it is active */
  use(extension: ClientExtension): this {
    this.#core.use(extension);
    return this;
  }

  /**
   * Connects, and waits until the server has admitted the player.
   *
   * @throws NetworkError what `Peer.connect` throws; `ERR_HANDSHAKE_TIMEOUT` when it has not been admitted within
   *   `handshakeTimeoutMs` of the option `peer`; `ERR_PROTOCOL_MISMATCH` with the first difference;
   *   `ERR_AUTHENTICATION_FAILED` (also when the server does not prove what the credential confirms),
   *   `ERR_AUTHENTICATION_TIMEOUT`, `ERR_NO_CREDENTIAL`, and what the credential throws; `ERR_INVALID_PACKET` when the
   *   server's messages are out of place; `ERR_SERVER_BUSY`; TypeError, RangeError for a wrong option;
   *   `ERR_STATE` while it is active; `ERR_CLOSED` after `disconnect`; the signal's reason when it aborts
   */
  connect(options: ConnectOptions = {}): Promise<INetworkPlayer> {
    return this.#core.connect(options);
  }

  /**
   * Ends the connection, or the attempt to connect. Resolves when the server knows, or after `closeTimeoutMs`. While
   * the connection is lost, the server is looked for once more in this time to be told; a server that is not reached
   * keeps the player until its `resumeWindowMs` is over.
   *
   * @param reason travels to the server @defaultValue code 0 without a text
   * @throws RangeError for a code outside 0-999, or a text over 120 bytes of UTF-8
   */
  disconnect(reason?: DisconnectReason): Promise<void> {
    return this.#core.disconnect(reason);
  }

  /** As `INetworkPlayer.send`; false also before the first connection, which is warned of, and after the end. */
  send<T>(message: MessageDefinition<T>, value: T, channel?: Channel, lane?: number, maxAgeMs?: number): boolean {
    return this.#core.player?.send(message, value, channel, lane, maxAgeMs) ?? this.#tooEarly(false);
  }

  /** As `INetworkPlayer.sendNotify`; false also before the connection and after its end. */
  sendNotify<T>(message: MessageDefinition<T>, value: T, callbacks: NotifyCallbacks): boolean {
    return this.#core.player?.sendNotify(message, value, callbacks) ?? this.#tooEarly(false);
  }

  /** As `INetworkPlayer.notify`; false also before the connection and after its end. */
  notify<T>(message: MessageDefinition<T>, value: T): Promise<boolean> {
    return this.#core.player?.notify(message, value) ?? this.#tooEarly(Promise.resolve(false));
  }

  /** Warns if there has been no connection yet: after the last one it may well be late. */
  #tooEarly<T>(answer: T): T {
    if (!this.#core.player && !this.#wasConnected) {
      this.#core.complain("client.send: nothing is sent before the client has connected. Await client.connect() first");
    }
    return answer;
  }

  /** As `INetworkPlayer.request`. @throws (rejects) also NetworkError `ERR_NOT_CONNECTED` without a connection */
  request<Q, A>(definition: RequestDefinition<Q, A>, value: Q, options?: RequestOptions): Promise<A> {
    const { player } = this.#core;
    if (player) return player.request(definition, value, options);
    const text = this.#wasConnected ? "any more" : "yet: await client.connect() first";
    return Promise.reject(new NetworkError("ERR_NOT_CONNECTED", `The client is not connected ${text}`));
  }

  /** Manual drive: receives what has come, and calls handlers. */
  updateReceive(): void {
    this.#core.updateReceive();
  }

  /** Manual drive: calls the extensions' tick hooks, and sends everything. */
  updateSent(): void {
    this.#core.updateSent();
  }
}
