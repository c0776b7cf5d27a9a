import type { Clock } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import { MultiplexSocket } from "../multiplex/multiplex-socket.js";
import type { ISocket } from "../socket.js";
import type { WebSocketBindEndPoint } from "../websocket/websocket-options.js";
import type { WebTransportBindEndPoint } from "../webtransport/node/web-transport-options.js";

/** For each of the two sockets. */
export type BrowserBindEndPoint = WebSocketBindEndPoint | WebTransportBindEndPoint;

/** How often another TCP port is tried whose number is free for UDP as well. */
const TRIES = 10;

let hasWarned = false;

/** What a {@link BrowserServerSocket} is made of. */
export interface BrowserServerParts {
  /** The WebSocket server, then that of WebTransport, or one of them. They are made anew after a `bind` that failed. */
  create(): readonly ISocket[];
  /** Whether UDP has the number of the TCP port. */
  readonly isOnePort: boolean;
  readonly clock: Clock;
}

/** A server of pages: WebSocket, and WebTransport on the UDP port of the same number. */
export class BrowserServerSocket extends MultiplexSocket<BrowserBindEndPoint> {
  readonly #isOnePort: boolean;

  constructor({ create, isOnePort, clock }: BrowserServerParts) {
    super(create, clock);
    this.#isOnePort = isOnePort;
  }

  override async bind(endPoints: readonly BrowserBindEndPoint[]): Promise<void> {
    const isAnyPort = endPoints[0]?.port === 0 && this.#isOnePort;
    for (let tries = 1; ; tries++) {
      try {
        await super.bind(endPoints);
        return;
      } catch (error) {
        if (!isAnyPort || tries === TRIES || !isTaken(error)) throw error;
      }
    }
  }

  protected override async bindOne(socket: ISocket, endPoint: BrowserBindEndPoint, index: number): Promise<void> {
    if (index === 0) {
      await socket.bind(endPoint);
      return;
    }
    const port = this.#isOnePort ? (this.boundPort ?? endPoint.port) : endPoint.port;
    try {
      await socket.bind({ ...endPoint, port });
    } catch (error) {
      if (isMissing(error)) warnOnce(error);
      else throw isTaken(error) && this.#isOnePort ? clash(error, port) : error;
    }
  }
}

const isTaken = (error: unknown): error is NetworkError =>
  error instanceof NetworkError && error.code === "ERR_ADDRESS_IN_USE";

const isMissing = (error: unknown): error is NetworkError =>
  error instanceof NetworkError && error.code === "ERR_MISSING_PACKAGE";

const clash = (cause: NetworkError, port: number) =>
  new NetworkError(
    "ERR_ADDRESS_IN_USE",
    `${cause.message}. BrowserSocketFactory listens on TCP and UDP of the number ${port}; if a UdpSocketFactory or ` +
      "GnsSocketFactory of this program has that UDP port, give one of them another",
    { cause },
  );

/** Players are on WebSocket then, as they are without UDP. */
function warnOnce({ message }: NetworkError): void {
  if (hasWarned) return;
  hasWarned = true;
  process.emitWarning(`BrowserSocketFactory listens on WebSocket alone: ${message}`);
}
