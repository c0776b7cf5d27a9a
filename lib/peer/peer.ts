import type { PlacesMetrics } from "../guard/places.js";
import { thingOption } from "../options.js";
import type { DisconnectReason, IBindEndPoint, IConnectEndPoint, ISocket } from "../socket/index.js";
import type { IConnection } from "./connection/connection.js";
import type { PeerMetrics } from "./metrics.js";
import type { PeerConfig } from "./peer-config.js";
import { PeerCore } from "./peer-core.js";
import type { PeerHandler } from "./peer-handler.js";

const END_POINT = thingOption(
  "an end point, such as getConnectEndPoint() or getBindEndPoint() of a socket factory gives",
);
/** The largest code of a reason of the application. */
const MAX_APPLICATION_CODE = 999;

/**
 * Connections over a socket: handshake, reliability, keep-alive, timeouts (Mirage's `Peer`). It listens or connects,
 * once. See docs/peer.md.
 */
export class Peer {
  readonly #core: PeerCore;

  /**
   * @param maxPacketSize that of the socket's factory, at least 1128 bytes
   * @throws TypeError `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE` for a setting out of
   *   its range; NetworkError `ERR_BAD_SERVER_KEY`
   */
  constructor(socket: ISocket, maxPacketSize: number, handler: PeerHandler, config: Partial<PeerConfig> = {}) {
    this.#core = new PeerCore(socket, maxPacketSize, handler, config, MAX_APPLICATION_CODE);
  }

  /** Those that are connected. */
  get connections(): IConnection[] {
    return this.#core.connections;
  }

  /** What the Peer has counted since its start: the same object always, which goes on counting. */
  get metrics(): Readonly<PeerMetrics> {
    return this.#core.metrics;
  }

  /** Server: how many handshakes are not finished, and from how many sources; who had to leave for others. */
  get pendingConnections(): PlacesMetrics {
    return this.#core.pendingConnections;
  }

  /** The port that the socket is bound to, where there is one. */
  get boundPort(): number | null {
    return this.#core.boundPort;
  }

  /** The port of each transport of a `MultiplexSocketFactory`, in its order; else that one port. */
  get boundPorts(): readonly (number | null)[] {
    return this.#core.boundPorts;
  }

  /** Listens. @throws what `ISocket.bind` throws; NetworkError `ERR_STATE` when it was started before */
  async bind(endPoint: IBindEndPoint): Promise<void> {
    END_POINT("endPoint", endPoint);
    return this.#core.bind(endPoint);
  }

  /**
   * Connects.
   * @throws what `ISocket.connect` throws; NetworkError `ERR_CONNECT_FAILED` when the server has not answered within
   *   `handshakeTimeoutMs`, `ERR_HANDSHAKE_TIMEOUT` when it has, but the handshake is not finished; `ERR_SERVER_FULL`,
   *   `ERR_SERVER_KEY_MISMATCH` and so on after the names of `DisconnectCode`; `ERR_REFUSED` with the application's
   *   reason in `reason`; `ERR_CLOSED`, `ERR_STATE`; the signal's reason when it aborts
   */
  async connect(endPoint: IConnectEndPoint, options: { signal?: AbortSignal } = {}): Promise<IConnection> {
    END_POINT("endPoint", endPoint);
    return this.#core.connect(endPoint, options);
  }

  /** Manual drive: reads everything that has come and hands it to the handler. */
  updateReceive(): void {
    this.#core.updateReceive();
  }

  /** Manual drive: sends what is queued, and does what is due. */
  updateSent(): void {
    this.#core.updateSent();
  }

  /**
   * Ends all connections with `reason`, waits for that, and closes the socket, within `closeTimeoutMs` in all. From now
   * on it drives itself. What the socket throws meanwhile goes to `onError`.
   * @throws RangeError as `IConnection.disconnect`
   */
  close(reason?: DisconnectReason): Promise<void> {
    return this.#core.close(reason);
  }
}
