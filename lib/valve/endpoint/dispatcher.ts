import { ReceiveSource } from "../../addon/native.js";
import { isThenable } from "../../brands.js";
import type { Clock } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import type { ConfigOption } from "../configuration/config-value.js";
import type { MessageBatch } from "../messages/message-batch.js";
import { type InitializeOptions, Library } from "../sockets/library.js";
import { NetworkingSockets } from "../sockets/networking-sockets.js";
import { Address } from "../values/address.js";
import type { CloseReason } from "../values/close-reason.js";
import type { ConnectionInfo } from "../values/connection-info.js";
import { ConnectionState } from "../values/connection-state.js";
import type { StatusInfo } from "../values/status-info.js";
import { type AddressLookup, ConnectAttempts, checkNoZone, resolveBothFamilies } from "./connect-attempts.js";

type GnsVerdict = true | Required<CloseReason> | null;

/** The user of a {@link Dispatcher}. */
export interface DispatcherUser<Connection> {
  /**
   * Whether an incoming connection is accepted: true, or what to close it with; null leaves it alone. It waits for a
   * promise, which must not reject.
   */
  judge(handle: number, info: ConnectionInfo): GnsVerdict | Promise<GnsVerdict>;
  /** A connection is up; its user puts it into `connections`. */
  onConnected(handle: number, info: ConnectionInfo): void;
  /** The peer or the network has ended a connection. What it has received can be read until its user closes it. */
  onLost(connection: Connection, info: ConnectionInfo): void;
  /** A connection that is still in `connections` has been closed here. */
  onClosed(connection: Connection, status: StatusInfo): void;
  /** A connection has ended before it was up. The error is for the code that tried to open it. */
  onFailed(handle: number, info: ConnectionInfo): NetworkError;
  /** All events have been dispatched, and there may be messages. */
  onReadable(): void;
}

/**
 * One `NetworkingSockets` and its share of the library: it opens connections and turns the changes of their state into
 * calls of its user.
 *
 * @throws NetworkError `ERR_FAILED`: the library could not be initialized, or runs with another driver or identity
 */
export class Dispatcher<Connection> {
  readonly sockets: NetworkingSockets;
  /** Those that are up, by handle. */
  readonly connections = new Map<number, Connection>();
  readonly attempts: ConnectAttempts<Connection>;
  readonly #user: DispatcherUser<Connection>;
  /** The poll group of the connections whose messages are wanted. */
  readonly #flowing: number;
  #isDestroyed = false;

  constructor(user: DispatcherUser<Connection>, clock: Clock, options: InitializeOptions) {
    if (!Library.initialize(options)) throw lastError("GNS was not initialized");
    this.#user = user;
    this.sockets = new NetworkingSockets();
    this.attempts = new ConnectAttempts(this.sockets, clock);
    this.#flowing = this.sockets.createPollGroup();
    const onStatus = (status: StatusInfo) => this.#onStatus(status);
    this.sockets.onReadable(() => {
      this.sockets.dispatchCallbacks(onStatus);
      user.onReadable();
    });
  }

  /** @throws NetworkError `ERR_ADDRESS_IN_USE`, `ERR_ACCESS`, `ERR_NOT_SUPPORTED`, `ERR_FAILED` */
  listen(host: string, port: number, config: readonly ConfigOption[]): { handle: number; address: Address } {
    checkNoZone(host);
    const address = new Address();
    address.setAddress(host, port);
    const handle = this.sockets.createListenSocket(address, config);
    if (handle === 0) throw lastError("The listen socket was not created");
    this.sockets.getListenSocketAddress(handle, address);
    return { handle, address };
  }

  /** The ways to connect to a host, for `attempts.first`. @throws (rejects) NetworkError `ERR_NAME_NOT_FOUND` */
  async waysTo(host: string, port: number, config: readonly ConfigOption[], resolver: AddressLookup) {
    const addresses = await resolveBothFamilies(host, port, resolver);
    return addresses.map((address) => () => this.sockets.connect(address, config));
  }

  /** Sets whether {@link receive} takes the messages of a connection. Until this is called it does not. */
  setFlowing(handle: number, isFlowing: boolean): void {
    this.sockets.setConnectionPollGroup(isFlowing ? this.#flowing : 0, handle);
  }

  /** Puts the next messages into `batch` and returns their number. */
  receive(batch: MessageBatch): number {
    return this.sockets.receiveBatch(ReceiveSource.PollGroup, this.#flowing, batch);
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.sockets.destroy();
    Library.deinitialize();
  }

  #onStatus(status: StatusInfo): void {
    const { connection: handle, connectionInfo: info } = status;
    const connection = this.connections.get(handle);
    switch (info.state) {
      case ConnectionState.Connecting:
        if (!this.attempts.has(handle)) this.#onIncoming(handle, info);
        break;
      case ConnectionState.Connected:
        this.#user.onConnected(handle, info);
        break;
      case ConnectionState.ClosedByPeer:
      case ConnectionState.ProblemDetectedLocally:
        if (connection !== undefined) {
          this.#user.onLost(connection, info);
        } else {
          this.sockets.closeConnection(handle);
          this.attempts.fail(handle, this.#user.onFailed(handle, info));
        }
        break;
      case ConnectionState.None:
        if (connection !== undefined) this.#user.onClosed(connection, status);
        break;
    }
  }

  #onIncoming(handle: number, info: ConnectionInfo): void {
    const answer = this.#user.judge(handle, info);
    const settle = (verdict: GnsVerdict) => {
      if (this.#isDestroyed || verdict === null) return;
      if (verdict === true) this.sockets.acceptConnection(handle);
      else this.sockets.closeConnection(handle, verdict.code, verdict.text);
    };
    if (isThenable(answer)) void answer.then(settle);
    else settle(answer);
  }
}

/** Why the call before has failed. */
export function lastError(message: string): NetworkError {
  return Library.lastError ?? new NetworkError("ERR_FAILED", message);
}
