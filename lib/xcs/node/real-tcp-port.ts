import { createConnection, createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../../clock.js";
import { Places } from "../../guard/places.js";
import { sourceOf } from "../../guard/source.js";
import type { NetworkPort, PortSink } from "../network.js";
import { XcsError } from "../xcs-error.js";
import { type PortPlace, systemError, type Target, textOf } from "./port-place.js";
import { type ConnectionOwner, TcpConnection } from "./tcp-connection.js";

/** The most peers of one port. Beyond that, one of the most crowded source leaves for each newcomer. */
const MAX_CONNECTIONS = 1024;
/** The most bytes of unfinished messages of all peers of one port together, or twice the largest message. */
const MAX_HELD_BYTES = 2 ** 26;
const CONNECT_TIMEOUT_MS = 5000;

/** A port for TCP, which listens or is connected to another that does. Each message has its length before it. */
export class RealTcpPort implements NetworkPort, ConnectionOwner {
  readonly place: PortPlace;
  readonly sink: PortSink;
  readonly clock: Clock;
  readonly #connections = new Set<TcpConnection>();
  readonly #places: Places<TcpConnection>;
  #server: Server | null = null;
  #heldBytes = 0;
  #isClosed = false;

  private constructor(place: PortPlace, sink: PortSink, clock: Clock) {
    this.place = place;
    this.sink = sink;
    this.clock = clock;
    this.#places = new Places({ maxCount: MAX_CONNECTIONS, clock });
  }

  /** @throws XcsError `ERR_XCS_ADDRESS_IN_USE`, `ERR_XCS_ACCESS`, `ERR_XCS_FAILED` */
  static async listen(place: PortPlace, sink: PortSink, clock: Clock): Promise<RealTcpPort> {
    const port = new RealTcpPort(place, sink, clock);
    const server = createServer((socket) => port.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(systemError(error, place)));
      server.listen({ host: place.host, port: place.systemPort, exclusive: true }, resolve);
    });
    server.on("error", () => {}); // one connection could not be accepted; the others go on
    port.#server = server;
    return port;
  }

  /** @throws XcsError `ERR_XCS_NOT_CONNECTED`, `ERR_XCS_FAILED` */
  static async connect(place: PortPlace, sink: PortSink, clock: Clock, target: Target): Promise<RealTcpPort> {
    const port = new RealTcpPort(place, sink, clock);
    const socket = createConnection(target);
    await new Promise<void>((resolve, reject) => {
      const late = () => {
        socket.destroy();
        const text = `${textOf(target)} has not answered within ${CONNECT_TIMEOUT_MS} ms: is the port open there?`;
        reject(new XcsError("ENOTCONN", text, { port: place.port, protocol: "TCP" }));
      };
      const timer = clock.setTimeout(late, CONNECT_TIMEOUT_MS);
      socket.once("error", (error) => {
        clock.clearTimeout(timer);
        reject(systemError(error, place, target));
      });
      socket.once("connect", () => {
        clock.clearTimeout(timer);
        resolve();
      });
    });
    port.#accept(socket);
    return port;
  }

  get isShared(): boolean {
    return this.#connections.size > 1;
  }

  async write(data: Uint8Array): Promise<void> {
    const results = await Promise.all([...this.#connections].map((connection) => connection.write(data)));
    if (results.includes(true)) return;
    const { port } = this.place;
    const advice = this.#server
      ? "nobody is connected to it: wait for a peer"
      : "its connection has ended: close it, and open it again";
    throw new XcsError("ENOTCONN", `Port ${port} has no peer: ${advice}`, { port, protocol: "TCP" });
  }

  resume(): void {
    for (const connection of this.#connections) if (connection.reader.isReady) connection.deliver();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const server = this.#server;
    const serverClosed = server && new Promise<void>((resolve) => server.close(() => resolve()));
    await Promise.all([...this.#connections].map((connection) => connection.close()));
    await serverClosed;
  }

  held(changeBytes: number): void {
    this.#heldBytes += changeBytes;
    const limit = Math.max(MAX_HELD_BYTES, 2 * this.sink.maxMessageSize);
    if (changeBytes > 0 && this.#heldBytes > limit) largestHolder([...this.#connections]).cut(this.#heldError());
  }

  ended(connection: TcpConnection, error: XcsError | null): void {
    this.#connections.delete(connection);
    this.#places.release(connection);
    if (!this.#isClosed) this.sink.disconnected(textOf(connection.peer), error);
  }

  #accept(socket: Socket): void {
    const connection = new TcpConnection(socket, this);
    const taken = this.#places.take(connection, sourceOf(connection.peer.host));
    const text = `More than ${MAX_CONNECTIONS} peers want to connect to port ${this.place.port}`;
    const crowded = () => new XcsError("ENOTCONN", text, { port: this.place.port, protocol: "TCP" });
    if (taken === "full" || this.#isClosed) connection.cut(crowded());
    else this.#connections.add(connection);
    if (typeof taken === "object") taken.evicted.cut(crowded());
  }

  #heldError(): XcsError {
    const text = `The unfinished messages to port ${this.place.port} take too much memory`;
    return new XcsError("EPROTO", text, { port: this.place.port, protocol: "TCP" });
  }
}

/** Of the source whose connections hold most, the one that holds most. */
function largestHolder(connections: readonly TcpConnection[]): TcpConnection {
  const ofSource = new Map<string, number>();
  const source = ({ peer }: TcpConnection) => sourceOf(peer.host);
  for (const one of connections) ofSource.set(source(one), (ofSource.get(source(one)) ?? 0) + one.reader.heldBytes);
  const weight = (one: TcpConnection) => [ofSource.get(source(one)) as number, one.reader.heldBytes] as const;
  return connections.reduce((most, one) => {
    const [[a, b], [c, d]] = [weight(one), weight(most)];
    return a > c || (a === c && b > d) ? one : most;
  });
}
