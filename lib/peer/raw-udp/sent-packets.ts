import { LANES } from "../packet-format.js";

/** What is known about a packet. */
export enum PacketState {
  /** Acknowledged, given up, or of a kind that is not acknowledged. */
  Settled = 0,
  InFlight = 1,
  /** In flight, and its content was queued again for a probe. */
  Probed = 2,
  /** Declared lost, and its content is queued again. An acknowledgement may still come. */
  Lost = 3,
  /** The number was skipped: a peer that acknowledges it acknowledges what it has not received. */
  Skipped = 4,
}

const FIRST_CAPACITY = 32;
/** The most packets that are remembered. Older ones count as lost. */
export const MAX_SENT_PACKETS = 16384;

// An entry has 16 doubles, which is 128 bytes. The first half is all that a packet without bytes of lanes touches.
const ENTRY_DOUBLES = 16;
export const SENT_MS = 0;
// What `DeliveryRate` notes.
export const DELIVERED = 1;
export const DELIVERED_MS = 2;
export const FIRST_SENT_MS = 3;
/** The largest number in its Ack frame, -1 without one. */
export const LARGEST_ACKED = 4;
/** Its notify messages: the place of the first one in `NotifyTokens`. */
export const FIRST_NOTIFY = 5;
/** Where its bytes of each lane start. */
export const LANE_START = 8;
// Of 16 bits, where the entry has these doubles.
const SIZE_BYTES = 4 * 6;
const NOTIFY_COUNT = SIZE_BYTES + 1;
const LANE_LENGTH = 4 * (LANE_START + LANES);
// Of 8 bits.
const STATE = 8 * 7;
const FLAGS = STATE + 1;

export enum PacketFlag {
  AppLimited = 1,
  /** It has a Close frame. */
  Close = 2,
  /** The lengths of its lanes are set. */
  Lanes = 4,
}

/**
 * What was in the packets that were sent: an entry for each packet number, in a ring that grows by doubling. All of an
 * entry is in one place: a server's connections have left the cache when their next packet comes.
 */
export class SentPackets {
  /** The number of the next packet. */
  next = 0;
  /** All packets below it are settled. */
  oldest = 0;
  /** Lost packets sent before it are forgotten. A field, since as an argument it would be an object on the heap. */
  forgetBeforeMs = Number.NEGATIVE_INFINITY;
  bytesInFlight = 0;
  packetsInFlight = 0;
  /** The doubles of the entry at `index` are `doubles[index + SENT_MS]` and so on: as results they would be objects. */
  doubles = new Float64Array(0);
  #shorts = new Uint16Array(0);
  #bytes = new Uint8Array(0);
  #capacity = 0;

  constructor(firstNumber: number) {
    this.next = firstNumber;
    this.oldest = firstNumber;
    this.#grow();
  }

  /** Where the entry of a packet is. */
  index(number: number): number {
    return ((number | 0) & (this.#capacity - 1)) * ENTRY_DOUBLES;
  }

  get capacity(): number {
    return this.#capacity;
  }

  state(index: number): PacketState {
    return this.#bytes[8 * index + STATE] as PacketState;
  }

  stateOf(number: number): PacketState {
    return this.state(this.index(number));
  }

  setState(index: number, state: PacketState): void {
    this.#bytes[8 * index + STATE] = state;
  }

  has(index: number, flag: PacketFlag): boolean {
    return ((this.#bytes[8 * index + FLAGS] as number) & flag) !== 0;
  }

  set(index: number, flag: PacketFlag): void {
    const at = 8 * index + FLAGS;
    this.#bytes[at] = (this.#bytes[at] as number) | flag;
  }

  sizeBytes(index: number): number {
    return this.#shorts[4 * index + SIZE_BYTES] as number;
  }

  notifyCount(index: number): number {
    return this.#shorts[4 * index + NOTIFY_COUNT] as number;
  }

  setNotifyCount(index: number, count: number): void {
    this.#shorts[4 * index + NOTIFY_COUNT] = count;
  }

  /** How many bytes of a lane it has. To be asked for packets with `PacketFlag.Lanes` only. */
  laneLength(index: number, lane: number): number {
    return this.#shorts[4 * index + LANE_LENGTH + lane] as number;
  }

  setLaneLength(index: number, lane: number, length: number): void {
    const at = 4 * index + LANE_LENGTH;
    if (!this.has(index, PacketFlag.Lanes)) {
      this.set(index, PacketFlag.Lanes);
      this.#shorts.fill(0, at, at + LANES);
    }
    this.#shorts[at + lane] = length;
  }

  /** Whether `oldest` has to move before the next packet. */
  get isFull(): boolean {
    return this.next - this.oldest >= MAX_SENT_PACKETS - 1;
  }

  /** Begins the entry of the next packet, empty and settled; gives its index. */
  begin(): number {
    // A side that sends nothing but Acks gets none: here its entries are forgotten.
    if (this.next - this.oldest >= this.#capacity) this.forget(Number.POSITIVE_INFINITY);
    if (this.next - this.oldest >= this.#capacity) this.#grow();
    const index = this.index(this.next++);
    this.setState(index, PacketState.Settled);
    this.#bytes[8 * index + FLAGS] = 0;
    this.#shorts[4 * index + SIZE_BYTES] = 0;
    this.setNotifyCount(index, 0);
    this.doubles[index + LARGEST_ACKED] = -1;
    return index;
  }

  onSent(index: number, sizeBytes: number, nowMs: number): void {
    this.setState(index, PacketState.InFlight);
    this.#shorts[4 * index + SIZE_BYTES] = sizeBytes;
    this.doubles[index + SENT_MS] = nowMs;
    this.bytesInFlight += sizeBytes;
    this.packetsInFlight++;
  }

  onAcknowledged(index: number): void {
    this.#leaveFlight(index, PacketState.Settled);
  }

  onLost(index: number): void {
    this.#leaveFlight(index, PacketState.Lost);
  }

  /**
   * Forgets the oldest packets: settled ones, those lost before `forgetBeforeMs`, numbers skipped below
   * `skippedBefore`.
   */
  forget(skippedBefore: number): void {
    while (this.oldest < this.next) {
      const index = this.index(this.oldest);
      const state = this.state(index);
      if (state === PacketState.InFlight || state === PacketState.Probed) return;
      if (state === PacketState.Lost && (this.doubles[index + SENT_MS] as number) >= this.forgetBeforeMs) return;
      if (state === PacketState.Skipped && this.oldest >= skippedBefore) return;
      this.oldest++;
    }
  }

  #leaveFlight(index: number, state: PacketState): void {
    this.setState(index, state);
    this.bytesInFlight -= this.sizeBytes(index);
    this.packetsInFlight--;
  }

  #grow(): void {
    const from = this.#capacity;
    const old = this.doubles;
    this.#capacity = Math.max(2 * from, FIRST_CAPACITY);
    this.doubles = new Float64Array(this.#capacity * ENTRY_DOUBLES);
    this.#shorts = new Uint16Array(this.doubles.buffer);
    this.#bytes = new Uint8Array(this.doubles.buffer);
    for (let number = this.next - from; number < this.next; number++) {
      const at = ((number | 0) & (from - 1)) * ENTRY_DOUBLES;
      this.doubles.set(old.subarray(at, at + ENTRY_DOUBLES), this.index(number));
    }
  }
}
