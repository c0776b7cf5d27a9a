import { type Clock, systemClock } from "../../clock.js";
import type { PlacesMetrics } from "../../guard/places.js";
import { NetworkError } from "../../network-error.js";
import { HandleWrapper } from "../building/handle-wrapper.js";
import { noPacketError } from "../building/socket-errors.js";
import { socketMetrics } from "../building/socket-metrics.js";
import { SocketUse } from "../building/socket-use.js";
import { Waker } from "../building/waker.js";
import type {
  Delivery,
  IBindEndPoint,
  IConnectionHandle,
  IncomingConnection,
  ISocket,
  ReceivedPacket,
  SocketEvents,
} from "../socket.js";

/** A handle of one of the inner sockets. */
class MultiplexHandle extends HandleWrapper {
  constructor(
    inner: IConnectionHandle,
    public socket: ISocket,
  ) {
    super(inner);
  }

  copy(): IConnectionHandle {
    return this.isStateful ? this : new MultiplexHandle(this.inner.copy(), this.socket);
  }

  equals(other: IConnectionHandle): boolean {
    return other instanceof MultiplexHandle && other.socket === this.socket && this.inner.equals(other.inner);
  }
}

const closeAll = (sockets: readonly ISocket[]) => Promise.all(sockets.map((socket) => socket.close()));

/** Several listening sockets that act as one. */
export class MultiplexSocket<Bind extends IBindEndPoint> implements ISocket<readonly Bind[]> {
  events: SocketEvents | null = null;
  readonly #create: () => readonly ISocket<Bind>[];
  #sockets: readonly ISocket<Bind>[] = [];
  readonly #waker: Waker;
  /** For each socket, the one handle that serves for all packets received from stateless handles. */
  readonly #scratch = new WeakMap<ISocket, MultiplexHandle>();
  /** Which socket comes next: they take turns in `receive`. */
  #turn = 0;
  readonly #use = new SocketUse();

  /** @param create makes the sockets, once more after a `bind` that failed */
  constructor(create: () => readonly ISocket<Bind>[], clock: Clock = systemClock) {
    this.#create = create;
    this.#waker = new Waker(this, clock);
    this.#renew();
  }

  /** The port of the first socket that has one. */
  get boundPort(): number | null {
    return this.boundPorts.find((port) => port !== null) ?? null;
  }

  /** The ports of all sockets, in the order of the factories. */
  get boundPorts(): (number | null)[] {
    return this.#sockets.map((socket) => socket.boundPort);
  }

  get droppedPackets(): number {
    return socketMetrics(this.#sockets).droppedPackets;
  }

  get pendingConnections(): PlacesMetrics | undefined {
    return socketMetrics(this.#sockets).pendingConnections ?? undefined;
  }

  get transportFigures(): Readonly<Record<string, number | string>> {
    return socketMetrics(this.#sockets).transport;
  }

  /** Listens with all sockets, or with none if one fails. */
  async bind(endPoints: readonly Bind[]): Promise<void> {
    await this.#use.begin(async () => {
      try {
        for (const [index, socket] of this.#sockets.entries())
          await this.bindOne(socket, endPoints[index] as Bind, index);
      } catch (error) {
        await closeAll(this.#sockets);
        if (!this.#use.isClosed) this.#renew();
        throw error;
      }
    });
  }

  async connect(): Promise<IConnectionHandle> {
    throw new NetworkError("ERR_NOT_SUPPORTED", "Clients use the socket of one transport: see createClientSocket");
  }

  async close(): Promise<void> {
    this.#waker.close();
    await Promise.all([this.#use.close(), closeAll(this.#sockets)]);
  }

  tick(): void {
    this.#waker.tick();
    let failure: { error: unknown } | null = null;
    for (const socket of this.#sockets) {
      try {
        socket.tick();
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure) throw failure.error;
  }

  poll(): boolean {
    return this.#next() !== null;
  }

  receive(packet: ReceivedPacket): void {
    const socket = this.#next();
    if (!socket) throw noPacketError();
    socket.receive(packet);
    this.#turn = (this.#turn + 1) % this.#sockets.length;
    packet.handle = this.#wrap(packet.handle, socket);
  }

  send({ socket, inner }: MultiplexHandle, packet: Uint8Array, length: number, delivery: Delivery, lane = 0): boolean {
    return socket.send(inner, packet, length, delivery, lane);
  }

  flush(): void {
    for (const socket of this.#sockets) socket.flush();
  }

  /** A subclass may bind one of them in another way. */
  protected bindOne(socket: ISocket<Bind>, endPoint: Bind, _index: number): Promise<void> {
    return socket.bind(endPoint);
  }

  #renew(): void {
    this.#sockets = this.#create();
    for (const socket of this.#sockets) socket.events = this.#eventsOf(socket);
  }

  /** The socket that has the next packet. */
  #next(): ISocket | null {
    for (let count = 0; count < this.#sockets.length; count++) {
      const socket = this.#sockets[this.#turn] as ISocket;
      if (socket.poll()) return socket;
      this.#turn = (this.#turn + 1) % this.#sockets.length;
    }
    return null;
  }

  #wrap(inner: IConnectionHandle, socket: ISocket): MultiplexHandle {
    if (inner.isStateful) return inner.connection as MultiplexHandle;
    let handle = this.#scratch.get(socket);
    if (!handle) {
      handle = new MultiplexHandle(inner, socket);
      this.#scratch.set(socket, handle);
    }
    handle.inner = inner;
    return handle;
  }

  #eventsOf(socket: ISocket): SocketEvents {
    return {
      onReadable: () => this.#waker.now(),
      onIncoming: (incoming: IncomingConnection) => (this.events ? this.events.onIncoming(incoming) : true),
      onConnect: (inner) => {
        const handle = new MultiplexHandle(inner, socket);
        this.events?.onConnect(handle);
      },
      onDisconnect: (inner, reason) => this.events?.onDisconnect(inner.connection as MultiplexHandle, reason),
      onWritable: (inner) => this.events?.onWritable(inner.connection as MultiplexHandle),
      onExit: () => this.events?.onExit?.(),
    };
  }
}
