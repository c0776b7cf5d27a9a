import { createConnection, createServer, type Server, type Socket } from "node:net";
import { BACKLOG, leaveDescriptors, newcomersLimit } from "../../addon/tcp-limits.js";
import type { Clock } from "../../clock.js";
import type { ConnectionGuard, Pass } from "../../guard/connection-guard.js";
import { Places } from "../../guard/places.js";
import { sourceOf } from "../../guard/source.js";
import type { NetworkPort, PortSink } from "../network.js";
import { XcsError } from "../xcs-error.js";
import { type PortPlace, systemError, type Target, textOf } from "./port-place.js";
import { type ConnectionOwner, TcpConnection } from "./tcp-connection.js";

/** The most peers of one port that have sent a message, and as many that have not. Beyond, the shares decide. */
const MAX_PEERS = 1024;
/** The most bytes of unfinished messages of all peers of one port together, or twice the largest message. */
const MAX_HELD_BYTES = 2 ** 26;
const CONNECT_TIMEOUT_MS = 5000;

/** A port for TCP, which listens or is connected to another that does. Each message has its length before it. */
export class RealTcpPort implements NetworkPort, ConnectionOwner {
  readonly place: PortPlace;
  readonly sink: PortSink;
  readonly clock: Clock;
  /** Each with what the guard has given. */
  readonly #connections = new Map<TcpConnection, Pass | null>();
  /** Those that have sent nothing whole yet; and the others, for whom they leave no place. */
  readonly #newcomers: Places<TcpConnection>;
  readonly #proven: Places<TcpConnection>;
  #server: Server | null = null;
  #heldBytes = 0;
  #isClosed = false;

  private constructor(place: PortPlace, sink: PortSink, clock: Clock) {
    this.place = place;
    this.sink = sink;
    this.clock = clock;
    const maxCount = newcomersLimit(MAX_PEERS);
    this.#newcomers = new Places({ maxCount, clock });
    this.#proven = new Places({ maxCount, clock });
  }

  /** @throws XcsError `ERR_XCS_ADDRESS_IN_USE`, `ERR_XCS_ACCESS`, `ERR_XCS_FAILED` */
  static async listen(
    place: PortPlace,
    sink: PortSink,
    clock: Clock,
    guard: ConnectionGuard | null,
  ): Promise<RealTcpPort> {
    const port = new RealTcpPort(place, sink, clock);
    const server = createServer((socket) => port.#accept(socket, guard));
    leaveDescriptors(server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(systemError(error, place)));
      server.listen({ host: place.host, port: place.systemPort, backlog: BACKLOG, exclusive: true }, resolve);
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
    port.#add(socket, null);
    return port;
  }

  get isShared(): boolean {
    return this.#connections.size > 1;
  }

  async write(data: Uint8Array): Promise<void> {
    const results = await Promise.all([...this.#connections.keys()].map((connection) => connection.write(data)));
    if (results.includes(true)) return;
    const { port } = this.place;
    const advice = this.#server
      ? "nobody is connected to it: wait for a peer"
      : "its connection has ended: close it, and open it again";
    throw new XcsError("ENOTCONN", `Port ${port} has no peer: ${advice}`, { port, protocol: "TCP" });
  }

  resume(): void {
    for (const connection of this.#connections.keys()) if (connection.reader.isReady) connection.deliver();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const server = this.#server;
    const serverClosed = server && new Promise<void>((resolve) => server.close(() => resolve()));
    await Promise.all([...this.#connections.keys()].map((connection) => connection.close()));
    await serverClosed;
  }

  held(changeBytes: number): void {
    this.#heldBytes += changeBytes;
    const limit = Math.max(MAX_HELD_BYTES, 2 * this.sink.maxMessageSize);
    if (changeBytes > 0 && this.#heldBytes > limit) largestHolder([...this.#connections.keys()]).cut(this.#heldError());
  }

  proven(connection: TcpConnection): void {
    this.#newcomers.release(connection);
    this.#take(this.#proven, connection);
    this.#connections.get(connection)?.proven();
  }

  ended(connection: TcpConnection, error: XcsError | null): void {
    this.#connections.get(connection)?.ended();
    this.#connections.delete(connection);
    this.#newcomers.release(connection);
    this.#proven.release(connection);
    if (!this.#isClosed) this.sink.disconnected(textOf(connection.peer), error);
  }

  /** Whoever is refused is reset before a byte is read. */
  #accept(socket: Socket, guard: ConnectionGuard | null): void {
    const { remoteAddress } = socket;
    // Its peer has reset it. What it sent before could still be read, and nobody knows from whom it is.
    if (remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    const pass = guard?.accept(remoteAddress) ?? null;
    if (!pass?.refused) {
      this.#add(socket, pass);
      return;
    }
    socket.on("error", () => {});
    socket.resetAndDestroy();
  }

  #add(socket: Socket, pass: Pass | null): void {
    const connection = new TcpConnection(socket, this);
    this.#connections.set(connection, pass);
    this.#take(this.#newcomers, connection);
  }

  #take(places: Places<TcpConnection>, connection: TcpConnection): void {
    const taken = places.take(connection, sourceOf(connection.peer.host));
    const text = `More than ${MAX_PEERS} peers want to be connected to port ${this.place.port}`;
    const crowded = () => new XcsError("ENOTCONN", text, { port: this.place.port, protocol: "TCP" });
    if (taken === "full" || this.#isClosed) connection.cut(crowded());
    else if (taken !== "free") taken.evicted.cut(crowded());
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
