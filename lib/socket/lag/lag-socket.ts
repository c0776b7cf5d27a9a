import { cloneBytes } from "../../bytes.js";
import type { Clock } from "../../clock.js";
import type { PlacesMetrics } from "../../guard/places.js";
import type { Random } from "../../random.js";
import { checkPacket } from "../building/packet-limit.js";
import { PacketPool, PacketQueue, type QueuedPacket } from "../building/packet-queue.js";
import { closedError, noPacketError } from "../building/socket-errors.js";
import { Waker } from "../building/waker.js";
import type { DisconnectReason } from "../disconnect-reason.js";
import {
  Delivery,
  type IBindEndPoint,
  type IConnectEndPoint,
  type IConnectionHandle,
  type IncomingConnection,
  type ISocket,
  ReceivedPacket,
  type SocketEvents,
} from "../socket.js";
import type { Conditions, WayConditions } from "./lag-conditions.js";
import { LagHandle, UNRELIABLE_LANE } from "./lag-handle.js";

/** How much may be on its way, whatever the conditions. Beyond that, packets are dropped, reliable ones refused. */
const MAX_DELAYED_BYTES = 64 * 2 ** 20;
/** How long `close` and `disconnect` wait for packets that are on their way. */
const LINGER_MS = 5000;
/** A reliable packet is lost at most nine times: one of ten transmissions arrives. */
const MAX_TRANSMISSIONS = 10;
/** How long after a round trip a lost reliable packet is sent again. */
const RETRANSMIT_MS = 10;

/** Sends through an inner socket as over a bad network. Everything else is up to the inner socket. */
export class LagSocket<Bind extends IBindEndPoint, Connect extends IConnectEndPoint> implements ISocket<Bind, Connect> {
  events: SocketEvents | null = null;
  /** Packets lost by chance, or because a queue was full. */
  lostPackets = 0;
  readonly #inner: ISocket<Bind, Connect>;
  readonly #conditions: Conditions;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #waker: Waker;
  readonly #pool = new PacketPool();
  /** Packets on their way, by due time. A packet without bytes ends its handle. */
  readonly #delayed = new PacketQueue();
  /** When the line will have sent everything so far. */
  #lineFreeMs = 0;
  /** When the last packet to a stateless handle is due, by the conditions of its way. */
  readonly #lastDueMs = new WeakMap<WayConditions, number>();
  #lastTarget: IConnectionHandle | null = null;
  readonly #handles = new Set<LagHandle>();
  readonly #blocked = new Set<LagHandle>();
  /** The next packet, taken from the inner socket to see which handle it belongs to. */
  readonly #next = new ReceivedPacket();
  #hasNext = false;
  #timer: unknown = null;
  #timerMs = Number.POSITIVE_INFINITY;
  #closing: Promise<void> | null = null;
  #onDrained: (() => void) | null = null;

  constructor(inner: ISocket<Bind, Connect>, conditions: Conditions, random: Random, clock: Clock) {
    this.#inner = inner;
    this.#conditions = conditions;
    this.#random = random;
    this.#clock = clock;
    this.#waker = new Waker(this, clock);
    inner.events = {
      onReadable: () => this.#waker.now(),
      onIncoming: (incoming: IncomingConnection) => (this.events ? this.events.onIncoming(incoming) : true),
      onConnect: (inner) => {
        const handle = this.#wrap(inner);
        this.events?.onConnect(handle);
      },
      onDisconnect: (handle, reason) => this.#onDisconnect(handle.connection as LagHandle, reason),
      onWritable: (handle) => this.#unstick(handle.connection as LagHandle),
      onExit: () => this.events?.onExit?.(),
    };
  }

  get queueBytes(): number {
    return this.#conditions.all.queueBytes;
  }

  get boundPort(): number | null {
    return this.#inner.boundPort;
  }

  get boundPorts(): readonly (number | null)[] {
    return this.#inner.boundPorts ?? [this.#inner.boundPort];
  }

  get droppedPackets(): number {
    return this.#inner.droppedPackets ?? 0;
  }

  get pendingConnections(): PlacesMetrics | undefined {
    return this.#inner.pendingConnections;
  }

  get transportFigures(): Readonly<Record<string, number | string>> | undefined {
    return this.#inner.transportFigures;
  }

  async bind(endPoint: Bind): Promise<void> {
    if (this.#closing) throw closedError();
    await this.#inner.bind(endPoint);
  }

  async connect(endPoint: Connect, signal?: AbortSignal): Promise<IConnectionHandle> {
    if (this.#closing) throw closedError();
    const handle = await this.#inner.connect(endPoint, signal);
    return handle.isStateful ? this.#wrap(handle) : handle;
  }

  /** Waits for packets that are on their way. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  tick(): void {
    this.#waker.tick();
    if (this.#closing) return;
    this.#keepNext();
    this.#inner.tick();
    for (const handle of this.#blocked) this.#tellWritable(handle);
  }

  poll(): boolean {
    if (this.#closing) return false;
    while (!this.#hasNext && this.#inner.poll()) {
      this.#inner.receive(this.#next);
      const { handle } = this.#next;
      if (handle.isStateful) this.#next.handle = handle.connection as LagHandle;
      // The user has ended the connection; it stays open only until what was sent before has left.
      this.#hasNext = !(handle.isStateful && (this.#next.handle as LagHandle).hasEnded);
    }
    return this.#hasNext;
  }

  receive(packet: ReceivedPacket): void {
    if (!this.poll()) throw noPacketError();
    Object.assign(packet, this.#next);
    this.#hasNext = false;
  }

  send(handle: IConnectionHandle, packet: Uint8Array, length: number, delivery: Delivery, lane = 0): boolean {
    const connection = handle instanceof LagHandle ? handle : null;
    if (this.#closing || connection?.hasEnded) return false;
    checkPacket(handle, packet, length, delivery);
    const isReliable = handle.ordered || (handle.reliable && delivery === Delivery.Reliable);
    const isStuck = connection !== null && connection.stuck.count > 0;
    if (isStuck || !this.#hasRoom(length)) {
      if (isReliable && connection) this.#blocked.add(connection);
      else this.lostPackets++;
      this.#setTimer();
      return !isReliable;
    }
    const onLineMs = this.#transmit(length);
    const way = this.#conditions.of(handle);
    if (isReliable && connection) {
      const copy = this.#pool.copy(handle, packet, length, delivery, lane);
      const dueMs = onLineMs + this.#wayMs(way) + this.#retransmissionsMs(way);
      const index = handle.ordered ? 0 : lane;
      copy.dueMs = Math.max(dueMs, connection.lastDueMs[index] as number);
      connection.lastDueMs[index] = copy.dueMs;
      this.#delay(copy);
      return true;
    }
    if (this.#random() < way.loss) {
      this.lostPackets++;
      return true;
    }
    const target = connection ?? this.#keep(handle);
    this.#delayUnreliable(this.#pool.copy(target, packet, length, delivery, lane), onLineMs);
    if (this.#random() < this.#conditions.all.duplicate) {
      this.#delayUnreliable(this.#pool.copy(target, packet, length, delivery, lane), onLineMs);
    }
    return true;
  }

  flush(): void {
    this.#run();
    this.#inner.flush();
  }

  /** Puts the end of a connection on its way like a packet, behind all others. */
  disconnect(handle: LagHandle): void {
    const marker = this.#pool.take();
    marker.handle = handle;
    marker.length = 0;
    marker.delivery = Delivery.Reliable;
    marker.dueMs = Math.max(this.#transmit(0) + this.#wayMs(this.#conditions.of(handle)), ...handle.lastDueMs);
    this.#delay(marker);
  }

  #close(): Promise<void> {
    this.#waker.close();
    return new Promise<void>((resolve) => {
      const drained = () => {
        this.#onDrained = null;
        this.#clock.clearTimeout(timeout);
        if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
        for (const { ending } of this.#handles) ending?.resolve();
        this.#inner.close().then(resolve);
      };
      const timeout = this.#clock.setTimeout(drained, LINGER_MS);
      this.#onDrained = drained;
      this.#run();
    });
  }

  #wrap(inner: IConnectionHandle): LagHandle {
    const handle = new LagHandle(inner, this);
    this.#handles.add(handle);
    return handle;
  }

  /** Copies the bytes of the next packet: those of the inner socket are valid only until it is called again. */
  #keepNext(): void {
    if (!this.#hasNext) return;
    const { buffer, offset, length } = this.#next;
    this.#next.buffer = cloneBytes(buffer, offset, offset + length);
    this.#next.offset = 0;
  }

  /** A copy of a stateless handle, kept because packets mostly go to the same one again. */
  #keep(handle: IConnectionHandle): IConnectionHandle {
    if (!this.#lastTarget?.equals(handle)) this.#lastTarget = handle.copy();
    return this.#lastTarget;
  }

  #hasRoom(length: number): boolean {
    const { bandwidthBytesPerSecond, queueBytes } = this.#conditions.all;
    if (this.#delayed.sizeBytes + length > MAX_DELAYED_BYTES) return false;
    const waitingMs = this.#lineFreeMs - this.#clock.now();
    if (waitingMs <= 0 || bandwidthBytesPerSecond === Number.POSITIVE_INFINITY) return true;
    return (waitingMs * bandwidthBytesPerSecond) / 1000 + length <= queueBytes;
  }

  /** When the line will have sent `length` more bytes. */
  #transmit(length: number): number {
    const { bandwidthBytesPerSecond } = this.#conditions.all;
    this.#lineFreeMs = Math.max(this.#lineFreeMs, this.#clock.now()) + (length * 1000) / bandwidthBytesPerSecond;
    return this.#lineFreeMs;
  }

  #wayMs({ latencyMs, jitterMs }: WayConditions): number {
    return jitterMs === 0 ? latencyMs : latencyMs + jitterMs * this.#random();
  }

  #retransmissionsMs({ latencyMs, jitterMs, loss }: WayConditions): number {
    let ms = 0;
    for (let count = 1; count < MAX_TRANSMISSIONS && loss > 0 && this.#random() < loss; count++) {
      ms += 2 * (latencyMs + jitterMs) + RETRANSMIT_MS;
    }
    return ms;
  }

  #delayUnreliable(packet: QueuedPacket, onLineMs: number): void {
    const { all } = this.#conditions;
    const way = this.#conditions.of(packet.handle);
    const handle = packet.handle instanceof LagHandle ? packet.handle : null;
    const last = handle ? (handle.lastDueMs[UNRELIABLE_LANE] as number) : (this.#lastDueMs.get(way) ?? 0);
    packet.dueMs = Math.max(onLineMs + this.#wayMs(way), last);
    if (all.reorder > 0 && this.#random() < all.reorder) {
      // Late enough for others to overtake it.
      packet.dueMs += 1 + this.#random() * Math.max(way.latencyMs, way.jitterMs);
    } else if (handle) {
      handle.lastDueMs[UNRELIABLE_LANE] = packet.dueMs;
    } else {
      this.#lastDueMs.set(way, packet.dueMs);
    }
    this.#delay(packet);
  }

  #delay(packet: QueuedPacket): void {
    if (packet.handle instanceof LagHandle) packet.handle.delayedBytes += packet.length;
    this.#delayed.insertByTime(packet);
    this.#setTimer();
  }

  /** One timer, for when the next packet is due or there is room for one. */
  #setTimer(): void {
    let dueMs = this.#delayed.first?.dueMs ?? Number.POSITIVE_INFINITY;
    for (const handle of this.#blocked) {
      if (handle.stuck.count === 0) dueMs = Math.min(dueMs, Math.max(this.#writableMs(), this.#clock.now() + 1));
    }
    if (dueMs >= this.#timerMs) return;
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timerMs = dueMs;
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#timer = null;
        this.#timerMs = Number.POSITIVE_INFINITY;
        this.#run();
        this.#inner.flush();
        if (this.#isAnyWritable()) this.#waker.now();
        else if (!this.#closing) this.#setTimer();
      },
      Math.max(dueMs - this.#clock.now(), 0),
    );
  }

  /** Gives the inner socket the packets that are due. */
  #run(): void {
    this.#keepNext();
    const now = this.#clock.now();
    for (let first = this.#delayed.first; first && first.dueMs <= now; first = this.#delayed.first) {
      this.#delayed.shift();
      this.#pass(first);
    }
    if (this.#delayed.count > 0) this.#setTimer();
    else this.#onDrained?.();
  }

  #pass(packet: QueuedPacket): void {
    const handle = packet.handle instanceof LagHandle ? packet.handle : null;
    if (!handle) {
      this.#inner.send(packet.handle, packet.bytes, packet.length, packet.delivery, packet.lane);
      this.#pool.release(packet);
    } else if (handle.stuck.count > 0) {
      handle.stuck.push(packet);
      if (packet.length === 0) this.#limitEnding(handle);
    } else if (!this.#passOn(handle, packet)) {
      handle.stuck.push(packet);
    }
  }

  /** Gives the inner socket a packet of a connection, or ends the connection. @returns false if that has to wait */
  #passOn(handle: LagHandle, packet: QueuedPacket): boolean {
    if (packet.length === 0) {
      this.#end(handle);
    } else {
      const isTaken = this.#inner.send(handle.inner, packet.bytes, packet.length, packet.delivery, packet.lane);
      const isReliable = handle.ordered || packet.delivery === Delivery.Reliable;
      const isGone = handle.hasEnded && !handle.ending;
      if (!isTaken && isReliable && !isGone) return false;
      handle.delayedBytes -= packet.length;
    }
    this.#pool.release(packet);
    return true;
  }

  #unstick(handle: LagHandle): void {
    for (let packet = handle.stuck.shift(); packet; packet = handle.stuck.shift()) {
      if (this.#passOn(handle, packet)) continue;
      handle.stuck.unshift(packet);
      return;
    }
    this.#setTimer();
  }

  #end(handle: LagHandle): void {
    const { ending } = handle;
    handle.ending = null;
    this.#forget(handle);
    if (ending) handle.inner.disconnect(ending.reason).then(ending.resolve);
  }

  /** If the inner socket stays full, the connection ends without the packets that wait. */
  #limitEnding(handle: LagHandle): void {
    this.#clock.setTimeout(() => {
      if (handle.ending && handle.stuck.count > 0) this.#end(handle);
    }, LINGER_MS);
  }

  #onDisconnect(handle: LagHandle, reason: DisconnectReason): void {
    this.#forget(handle);
    const { ending } = handle;
    handle.ending = null;
    if (handle.hasEnded) {
      ending?.resolve();
      return;
    }
    handle.hasEnded = true;
    this.events?.onDisconnect(handle, reason);
  }

  #forget(handle: LagHandle): void {
    this.#handles.delete(handle);
    this.#blocked.delete(handle);
    for (let packet = handle.stuck.shift(); packet; packet = handle.stuck.shift()) this.#pool.release(packet);
  }

  #writableMs(): number {
    const { bandwidthBytesPerSecond, queueBytes } = this.#conditions.all;
    return this.#lineFreeMs - (queueBytes * 500) / bandwidthBytesPerSecond;
  }

  #isWritable(handle: LagHandle): boolean {
    const hasRoom = this.#writableMs() <= this.#clock.now() && this.#delayed.sizeBytes <= MAX_DELAYED_BYTES / 2;
    return hasRoom && handle.stuck.count === 0;
  }

  #isAnyWritable(): boolean {
    for (const handle of this.#blocked) if (this.#isWritable(handle)) return true;
    return false;
  }

  #tellWritable(handle: LagHandle): void {
    if (!this.#isWritable(handle)) return;
    this.#blocked.delete(handle);
    if (!handle.hasEnded) this.events?.onWritable(handle);
  }
}
