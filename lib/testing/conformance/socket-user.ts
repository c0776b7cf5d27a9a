import type { DisconnectReason } from "../../socket/disconnect-reason.js";
import {
  type Delivery,
  type IConnectionHandle,
  type IncomingConnection,
  type ISocket,
  ReceivedPacket,
  type SocketEvents,
} from "../../socket/socket.js";

export interface KeptPacket {
  handle: IConnectionHandle;
  bytes: Uint8Array;
  delivery: Delivery;
  lane: number;
}

/** The method that is being called on any of the sockets. Most events inside a method break the contract. */
interface Inside {
  method: string;
}

/** Uses one socket as a Peer would, records what it reports, and notes breaches of the contract. */
export class SocketUser implements SocketEvents {
  readonly packets: KeptPacket[] = [];
  readonly connected: IConnectionHandle[] = [];
  readonly disconnected: { handle: IConnectionHandle; reason: DisconnectReason }[] = [];
  readonly writable: IConnectionHandle[] = [];
  readonly incoming: IncomingConnection[] = [];
  readonly breaches: string[] = [];
  /** Errors that `tick` threw. */
  readonly errors: unknown[] = [];
  readableCalls = 0;
  /** False leaves packets in the socket. */
  isReading = true;
  /** The answer of `onIncoming`. */
  answer: (incoming: IncomingConnection) => unknown = () => true;
  /** Called by `onConnect`. */
  greet: (handle: IConnectionHandle) => void = () => {};
  /** Called by `onReadable`. */
  wake: () => void = () => {};
  #isClosed = false;
  readonly #packet = new ReceivedPacket();

  constructor(
    readonly socket: ISocket,
    readonly inside: Inside,
  ) {
    socket.events = this;
  }

  /** Calls a method of the socket. */
  call<Result>(method: string, action: (socket: ISocket) => Result): Result {
    const outer = this.inside.method;
    this.inside.method = method;
    try {
      return action(this.socket);
    } finally {
      this.inside.method = outer;
    }
  }

  /** One round of receiving and sending, as a Peer does it. */
  update(): void {
    try {
      this.call("tick", (socket) => socket.tick());
    } catch (error) {
      this.errors.push(error);
    }
    while (this.isReading && this.call("poll", (socket) => socket.poll())) this.receive();
    this.call("flush", (socket) => socket.flush());
  }

  receive(): void {
    const packet = this.#packet;
    this.call("receive", (socket) => socket.receive(packet));
    const { handle, buffer, offset, length, delivery, lane } = packet;
    if (this.disconnected.some((ended) => ended.handle === handle)) this.#breach("a packet after onDisconnect");
    if (handle.isStateful && !this.knows(handle)) this.#breach("a packet before onConnect");
    // `slice` makes no copy of a `Buffer` of Node.
    const bytes = new Uint8Array(buffer.subarray(offset, offset + length));
    this.packets.push({ handle: handle.copy(), bytes, delivery, lane });
  }

  send(handle: IConnectionHandle, bytes: Uint8Array, delivery: Delivery, lane = 0): boolean {
    return this.call("send", (socket) => socket.send(handle, bytes, bytes.length, delivery, lane));
  }

  disconnect(handle: IConnectionHandle, reason: DisconnectReason): Promise<void> {
    return this.call("disconnect", () => handle.disconnect(reason));
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.call("close", (socket) => socket.close());
  }

  /** Whether the handle was announced, by `onConnect` or by `connect`. */
  knows(handle: IConnectionHandle): boolean {
    return this.connected.includes(handle);
  }

  onReadable(): void {
    this.#check("onReadable", "");
    this.readableCalls++;
    this.wake();
  }

  onIncoming(incoming: IncomingConnection): ReturnType<SocketEvents["onIncoming"]> {
    this.#check("onIncoming", null);
    this.incoming.push(incoming);
    return this.answer(incoming) as ReturnType<SocketEvents["onIncoming"]>;
  }

  onConnect(handle: IConnectionHandle): void {
    this.#check("onConnect", "tick");
    if (this.knows(handle)) this.#breach("onConnect twice for one handle");
    this.connected.push(handle);
    this.greet(handle);
  }

  onDisconnect(handle: IConnectionHandle, reason: DisconnectReason): void {
    this.#check("onDisconnect", "tick");
    if (!this.knows(handle)) this.#breach("onDisconnect without onConnect");
    if (this.disconnected.some((ended) => ended.handle === handle)) this.#breach("onDisconnect twice");
    this.disconnected.push({ handle, reason });
  }

  onWritable(handle: IConnectionHandle): void {
    this.#check("onWritable", "tick");
    this.writable.push(handle);
  }

  #check(event: string, allowedInside: string | null): void {
    const { method } = this.inside;
    if (allowedInside !== null && method !== allowedInside) {
      this.#breach(`${event} ${method ? `from inside of ${method}` : "from outside of tick"}`);
    }
    if (this.#isClosed) this.#breach(`${event} after close`);
  }

  #breach(what: string): void {
    this.breaches.push(what);
  }
}
