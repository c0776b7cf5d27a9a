import { Channel, type NotifyCallbacks } from "../../../lib/peer/channel.js";
import { ConnectionMetrics } from "../../../lib/peer/metrics.js";
import type { PacketSeal, ProfileHost } from "../../../lib/peer/profile.js";
import type { RawUdpOptions } from "../../../lib/peer/raw-udp/raw-udp-options.js";
import { RawUdpProfile } from "../../../lib/peer/raw-udp/raw-udp-profile.js";
import { CONNECTION_BYTES, ReassemblyBudget, ReassemblyPool } from "../../../lib/peer/reassembly.js";
import type { Random } from "../../../lib/random.js";
import { type DisconnectReason, ReceivedPacket } from "../../../lib/socket/index.js";
import { seededRandom } from "../../../lib/testing/index.js";

export interface LinkOptions {
  delayMs?: number;
  /** Bytes per millisecond. @defaultValue unlimited */
  bytesPerMs?: number;
  queueBytes?: number;
  /** Larger packets vanish. */
  mostBytes?: number;
  /** The part of the packets that is lost, copied, or delayed by up to `heldMs`. */
  loss?: number;
  duplication?: number;
  reordering?: number;
  heldMs?: number;
}

interface Arrival {
  atMs: number;
  order: number;
  target: EndPoint;
  packet: Uint8Array;
}

/** One direction of a path: delay, a queue in front of a bottleneck, losses. Several connections may share it. */
export class Link {
  sentPackets = 0;
  arrivedBytes = 0;
  queueDrops = 0;
  #freeMs = 0;
  readonly #simulation: Simulation;

  constructor(
    simulation: Simulation,
    public options: LinkOptions,
  ) {
    this.#simulation = simulation;
  }

  send(target: EndPoint, packet: Uint8Array): void {
    const { delayMs = 0, bytesPerMs, queueBytes = 1 << 16, loss = 0, duplication = 0, reordering = 0 } = this.options;
    const { nowMs, random } = this.#simulation;
    this.sentPackets++;
    let leavesMs = nowMs;
    if (bytesPerMs) {
      const waitMs = Math.max(this.#freeMs - nowMs, 0);
      if (waitMs * bytesPerMs + packet.length > queueBytes) {
        this.queueDrops++;
        return;
      }
      leavesMs = nowMs + waitMs + packet.length / bytesPerMs;
      this.#freeMs = leavesMs;
    }
    if (random() < loss || packet.length > (this.options.mostBytes ?? Number.POSITIVE_INFINITY)) return;
    this.arrivedBytes += packet.length;
    for (let copy = random() < duplication ? 2 : 1; copy > 0; copy--) {
      const heldMs = random() < reordering ? random() * (this.options.heldMs ?? 50) : 0;
      this.#simulation.schedule(leavesMs + delayMs + heldMs, target, packet.slice());
    }
  }
}

/** A profile and its host, which notes what happens. */
export class EndPoint implements ProfileHost {
  readonly profile: RawUdpProfile;
  link!: Link;
  remote!: EndPoint;
  malformedText: string | null = null;
  closedWith: DisconnectReason | null = null;
  authenticatedCount = 0;
  /** When the path was given up. */
  pathTooSmallMs: number | null = null;
  readonly metrics = new ConnectionMetrics();
  readonly observer = null;
  readonly reassembly = new ReassemblyBudget(new ReassemblyPool(), "test", CONNECTION_BYTES, () => {});
  drainedCount = 0;
  maxAgeMs = Number.POSITIVE_INFINITY;
  socketIsFull = false;
  /** Called with each message. */
  onMessage: (channel: Channel, lane: number, bytes: Uint8Array, nowMs: number) => void = () => {};
  onTransmit: (packet: Uint8Array) => void = () => {};
  readonly #simulation: Simulation;

  constructor(simulation: Simulation, options: Partial<RawUdpOptions> = {}) {
    this.#simulation = simulation;
    this.profile = new RawUdpProfile(this, {
      sessionId: 0xdecade42,
      maxPacketSize: 1200,
      timeoutMs: 10_000,
      maxReliableMessageSize: 60_000,
      maxQueuedBytes: 2 ** 20,
      seal: null,
      random: simulation.random,
      ...options,
    });
  }

  get nextDeadlineMs(): number {
    this.profile.updateDeadline();
    return this.profile.deadlineMs;
  }

  now(): number {
    return this.#simulation.nowMs;
  }

  deliver(channel: Channel, lane: number, buffer: Uint8Array, offset: number, length: number): boolean {
    this.onMessage(channel, lane, buffer.slice(offset, offset + length), this.#simulation.nowMs);
    return this.malformedText === null && this.closedWith === null;
  }

  transmit(packet: Uint8Array, length: number): boolean {
    if (this.socketIsFull) return false;
    this.metrics.packetsSent++;
    const copy = packet.slice(0, length);
    this.onTransmit(copy);
    this.link.send(this.remote, copy);
    return true;
  }

  onPacketAuthenticated(): void {
    this.authenticatedCount++;
  }

  remoteClosed(reason: DisconnectReason): void {
    this.closedWith = reason;
  }

  malformed(text: string): void {
    this.malformedText = text;
  }

  pathTooSmall(): void {
    this.pathTooSmallMs ??= this.#simulation.nowMs;
  }

  tampered(): void {
    throw new Error("That is for reliable transports");
  }

  drained(): void {
    this.drainedCount++;
  }

  send(
    channel: Channel,
    lane: number,
    bytes: Uint8Array,
    notify: NotifyCallbacks | null = null,
    maxAgeMs = Number.POSITIVE_INFINITY,
  ): boolean {
    this.maxAgeMs = maxAgeMs;
    return this.profile.send(channel, lane, bytes, 0, bytes.length, notify);
  }

  reliable(lane: number, bytes: Uint8Array): boolean {
    return this.send(Channel.Reliable, lane, bytes);
  }

  receive(packet: Uint8Array, nowMs = this.#simulation.nowMs): void {
    const received = new ReceivedPacket();
    // Behind other bytes, as in the slab of a socket.
    received.buffer = new Uint8Array(packet.length + 3);
    received.buffer.set(packet, 3);
    received.offset = 3;
    received.length = packet.length;
    this.profile.receive(received, nowMs);
  }
}

/**
 * Virtual time: packets arrive and deadlines pass in order. Every end point reads, then flushes, as a Peer does.
 */
export class Simulation {
  nowMs = 0;
  readonly random: Random;
  readonly endPoints: EndPoint[] = [];
  #arrivals: Arrival[] = [];
  #order = 0;

  constructor(seed = 1) {
    this.random = seededRandom(seed);
  }

  /** Two end points, joined by a link in each direction. */
  pair(link: LinkOptions, back: LinkOptions = link, options: Partial<RawUdpOptions> = {}): [EndPoint, EndPoint] {
    const near = new EndPoint(this, options);
    const far = new EndPoint(this, options);
    this.join(near, far, new Link(this, link), new Link(this, back));
    return [near, far];
  }

  join(near: EndPoint, far: EndPoint, there: Link, back: Link): void {
    near.link = there;
    near.remote = far;
    far.link = back;
    far.remote = near;
    this.endPoints.push(near, far);
  }

  schedule(atMs: number, target: EndPoint, packet: Uint8Array): void {
    const arrival = { atMs, order: this.#order++, target, packet };
    let low = 0;
    let high = this.#arrivals.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#arrivals[middle] as Arrival).atMs <= atMs) low = middle + 1;
      else high = middle;
    }
    this.#arrivals.splice(low, 0, arrival);
  }

  /** Runs for `ms`, or until `done` is true after an event; gives the time that passed. */
  run(ms: number, done: () => boolean = () => false): number {
    const startMs = this.nowMs;
    const endMs = startMs + ms;
    this.#flush();
    while (!done()) {
      const nextMs = this.#nextMs;
      if (nextMs > endMs) {
        this.nowMs = endMs;
        break;
      }
      this.nowMs = Math.max(nextMs, this.nowMs);
      while (this.#arrivals.length > 0 && (this.#arrivals[0] as Arrival).atMs <= this.nowMs) {
        const { target, packet } = this.#arrivals.shift() as Arrival;
        target.receive(packet);
      }
      this.#flush();
    }
    return this.nowMs - startMs;
  }

  get #nextMs(): number {
    let nextMs = this.#arrivals[0]?.atMs ?? Number.POSITIVE_INFINITY;
    // Real timers have whole milliseconds.
    for (const end of this.endPoints) nextMs = Math.min(nextMs, Math.ceil(end.nextDeadlineMs));
    return nextMs;
  }

  #flush(): void {
    for (const end of this.endPoints) {
      end.profile.flush(this.nowMs);
      if (end.nextDeadlineMs <= this.nowMs) throw new Error("a flush left something due");
    }
  }
}

/**
 * Seals by adding the number to every byte and a tag: enough to see that the right packet is opened with the right
 * number.
 */
export class ToySeal implements PacketSeal {
  seal(number: number, buffer: Uint8Array, start: number, headerBytes: number, end: number): number {
    const tag = this.#tag(number, buffer, start, headerBytes, end);
    for (let at = start + headerBytes; at < end; at++) buffer[at] = (buffer[at] as number) + number * 7 + at - start;
    buffer.set(tag, end);
    return end + tag.length;
  }

  open(number: number, buffer: Uint8Array, start: number, headerBytes: number, end: number): number {
    const contentEnd = end - 16;
    if (contentEnd < start + headerBytes) return -1;
    for (let at = start + headerBytes; at < contentEnd; at++) {
      buffer[at] = (buffer[at] as number) - number * 7 - (at - start);
    }
    const tag = this.#tag(number, buffer, start, headerBytes, contentEnd);
    return tag.every((byte, index) => byte === buffer[contentEnd + index]) ? contentEnd : -1;
  }

  #tag(number: number, buffer: Uint8Array, start: number, headerBytes: number, end: number): Uint8Array {
    let hash = (number % 2 ** 31) + headerBytes;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (buffer[at] as number)) | 0;
    return new Uint8Array(16).map((_, index) => hash >>> ((index % 4) << 3));
  }
}
