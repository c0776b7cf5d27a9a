import type { Clock } from "../../clock.js";
import { type Court, judge, type Verdict } from "../../verdict.js";
import { type DisconnectReason, MAX_CODE } from "../disconnect-reason.js";
import type { IConnectionHandle, IncomingConnection, ISocket, ReceivedPacket } from "../socket.js";
import { type PacketPool, PacketQueue, type QueuedPacket } from "./packet-queue.js";
import { noPacketError, serverFailed } from "./socket-errors.js";
import { Waker } from "./waker.js";

/** A stateful handle whose packets and events go through an {@link Inbox}. */
export interface InboxHandle extends IConnectionHandle {
  /** Its packets in the inbox, or at least 1 while a socket that keeps its packets elsewhere may have some. */
  waitingPackets: number;
  /** The user of the socket knows that it has ended, and hears nothing more of it. */
  hasEnded: boolean;
  /** One of its packets has left the inbox, by `receive` or because the handle has ended. */
  onTaken(packet: QueuedPacket): void;
  /** Its `onConnect` is about to be called: from here on its packets may be received. */
  onIntroduced?(): void;
}

type InboxEvent =
  | { handle: InboxHandle; kind: "connect" }
  | { handle: InboxHandle; kind: "writable" }
  | { handle: InboxHandle; kind: "disconnect"; reason: DisconnectReason }
  | { handle: null; kind: "error"; error: unknown };

/**
 * Events and packets of stateful handles that wait for `tick` and `receive`: of each connection first its `onConnect`,
 * then its packets, and `onDisconnect` when they have been received. If a handler throws, `tick` throws its exception,
 * and the events behind it follow with the next `tick`.
 */
export class Inbox {
  readonly #socket: Pick<ISocket, "events">;
  readonly clock: Clock;
  readonly pool: PacketPool;
  readonly #waker: Waker;
  readonly #wake: "now" | "later";
  readonly #arrange: (arrived: PacketQueue, ready: PacketQueue) => void;
  #events: InboxEvent[] = [];
  readonly #arrived = new PacketQueue();
  readonly #ready = new PacketQueue();
  #received: QueuedPacket | null = null;
  readonly #court: Court = {
    callback: "onIncoming",
    maxCode: MAX_CODE,
    failed: serverFailed,
    report: (error) => this.#add({ handle: null, kind: "error", error }),
  };
  #isTicking = false;
  #isClosed = false;
  #isHeld = false;
  #release: unknown = null;

  /**
   * @param wake `now` if everything comes from events of the transport, `later` if it comes from inside methods of
   *   sockets
   * @param arrange moves packets that have arrived to those that `receive` returns; it may change their order
   */
  constructor(
    socket: Pick<ISocket, "events">,
    clock: Clock,
    pool: PacketPool,
    wake: "now" | "later",
    arrange: (arrived: PacketQueue, ready: PacketQueue) => void = (arrived, ready) => ready.append(arrived),
  ) {
    this.#socket = socket;
    this.clock = clock;
    this.pool = pool;
    this.#waker = new Waker(socket, clock);
    this.#wake = wake;
    this.#arrange = arrange;
  }

  /** Holds everything back until {@link release}: a client hears nothing before `connect` has resolved. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Call this when `connect` resolves. Code that awaits `connect` still runs before the first event. */
  release(): void {
    this.#release = this.clock.setTimeout(() => {
      this.#isHeld = false;
      if (this.#events.length > 0 || this.#arrived.count > 0) this.#waker.now();
    }, 0);
  }

  connected(handle: InboxHandle): void {
    this.#add({ handle, kind: "connect" });
  }

  disconnected(handle: InboxHandle, reason: DisconnectReason): void {
    this.#add({ handle, kind: "disconnect", reason });
  }

  writable(handle: InboxHandle): void {
    this.#add({ handle, kind: "writable" });
  }

  /** Asks the user about an incoming connection. If that fails, the next `tick` throws the error. */
  ask(incoming: IncomingConnection): Verdict | Promise<Verdict> {
    const { events } = this.#socket;
    return events ? judge(this.#court, () => events.onIncoming(incoming)) : true;
  }

  /** Wakes the user, from an event of the transport. */
  wakeNow(): void {
    this.#waker.now();
  }

  /** The last packet of a handle has been received. If it has ended, that can be reported now. */
  drained(): void {
    if (this.#events.length > 0) this.#waker.later();
  }

  /** Takes over a packet, whose handle is an `InboxHandle`. */
  push(packet: QueuedPacket): void {
    const handle = packet.handle as InboxHandle;
    handle.waitingPackets++;
    if (this.#isClosed || handle.hasEnded) {
      this.#drop(packet);
    } else {
      this.#arrived.push(packet);
      this.#waker[this.#wake]();
    }
  }

  tick(): void {
    this.#waker.tick();
    if (this.#isTicking || this.#isClosed || this.#isHeld) return;
    this.#recycle();
    this.#isTicking = true;
    try {
      if (this.#events.length > 0) this.#tell();
      this.#arrange(this.#arrived, this.#ready);
    } finally {
      this.#isTicking = false;
      // A disconnect waits until its packets have been received, other events for the next tick.
      if (this.#events.some(isDue)) this.#waker.later();
    }
  }

  poll(): boolean {
    for (let first = this.#ready.first; first; first = this.#ready.first) {
      if (!(first.handle as InboxHandle).hasEnded) return true;
      this.#drop(this.#ready.shift() as QueuedPacket);
    }
    return false;
  }

  receive(into: ReceivedPacket): void {
    this.#recycle();
    if (!this.poll()) throw noPacketError();
    const packet = this.#ready.shift() as QueuedPacket;
    this.#received = packet;
    packet.lendTo(into);
    this.#taken(packet);
  }

  close(): void {
    this.#isClosed = true;
    this.#waker.close();
    if (this.#release !== null) this.clock.clearTimeout(this.#release);
    this.#events = [];
    for (const queue of [this.#arrived, this.#ready]) {
      for (let packet = queue.shift(); packet; packet = queue.shift()) this.#drop(packet);
    }
  }

  #add(event: InboxEvent): void {
    if (this.#isClosed) return;
    this.#events.push(event);
    this.#waker[this.#wake]();
  }

  #tell(): void {
    const events = this.#events;
    this.#events = [];
    const waiting: InboxEvent[] = [];
    try {
      for (let event = events.shift(); event && !this.#isClosed; event = events.shift()) {
        if (isDue(event)) this.#tellOne(event);
        else waiting.push(event);
      }
    } finally {
      if (!this.#isClosed) this.#events = [...waiting, ...events, ...this.#events];
    }
  }

  #tellOne(event: InboxEvent): void {
    if (event.kind === "error") throw event.error;
    const { handle } = event;
    if (handle.hasEnded) return;
    const user = this.#socket.events;
    if (event.kind === "connect") {
      handle.onIntroduced?.();
      user?.onConnect(handle);
    } else if (event.kind === "writable") {
      user?.onWritable(handle);
    } else {
      handle.hasEnded = true;
      user?.onDisconnect(handle, event.reason);
    }
  }

  #drop(packet: QueuedPacket): void {
    this.#taken(packet);
    this.pool.release(packet);
  }

  #taken(packet: QueuedPacket): void {
    const handle = packet.handle as InboxHandle;
    handle.waitingPackets--;
    handle.onTaken(packet);
    if (handle.waitingPackets === 0) this.drained();
  }

  #recycle(): void {
    if (this.#received) this.pool.release(this.#received);
    this.#received = null;
  }
}

/** Whether the event can be reported now. A disconnect comes behind the packets. */
function isDue(event: InboxEvent): boolean {
  return event.kind !== "disconnect" || event.handle.waitingPackets === 0 || event.handle.hasEnded;
}
