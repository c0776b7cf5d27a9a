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

/** What was in the packets that were sent: columns, indexed by packet number, in a ring that grows by doubling. */
export class SentPackets {
  /** The number of the next packet. */
  next = 0;
  /** All packets below it are settled. */
  oldest = 0;
  /** Lost packets sent before it are forgotten. A field, since as an argument it would be an object on the heap. */
  forgetBeforeMs = Number.NEGATIVE_INFINITY;
  bytesInFlight = 0;
  packetsInFlight = 0;
  state = new Uint8Array(0);
  sizeBytes = new Uint16Array(0);
  sentMs = new Float64Array(0);
  // The columns of `DeliveryRate`.
  delivered = new Float64Array(0);
  deliveredMs = new Float64Array(0);
  firstSentMs = new Float64Array(0);
  appLimited = new Uint8Array(0);
  /** The largest number in its Ack frame, -1 without one. */
  largestAcked = new Float64Array(0);
  /** Its notify messages: the place of the first one in `NotifyTokens`, and how many. */
  firstNotify = new Float64Array(0);
  notifyCount = new Uint16Array(0);
  hasClose = new Uint8Array(0);
  /** Its bytes of lanes, at `index * LANES + lane`; length 0 when there are none. */
  laneStart = new Float64Array(0);
  laneLength = new Uint16Array(0);
  #capacity = 0;

  constructor(firstNumber: number) {
    this.next = firstNumber;
    this.oldest = firstNumber;
    this.#grow();
  }

  index(number: number): number {
    return (number | 0) & (this.#capacity - 1);
  }

  stateOf(number: number): PacketState {
    return this.state[this.index(number)] as PacketState;
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
    this.state[index] = PacketState.Settled;
    this.sizeBytes[index] = 0;
    this.largestAcked[index] = -1;
    this.notifyCount[index] = 0;
    this.hasClose[index] = 0;
    this.laneLength.fill(0, index * LANES, (index + 1) * LANES);
    return index;
  }

  hasLaneBytes(index: number): boolean {
    for (let at = index * LANES; at < (index + 1) * LANES; at++) if (this.laneLength[at] !== 0) return true;
    return false;
  }

  onSent(index: number, sizeBytes: number, nowMs: number): void {
    this.state[index] = PacketState.InFlight;
    this.sizeBytes[index] = sizeBytes;
    this.sentMs[index] = nowMs;
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
      const state = this.state[index] as PacketState;
      if (state === PacketState.InFlight || state === PacketState.Probed) return;
      if (state === PacketState.Lost && (this.sentMs[index] as number) >= this.forgetBeforeMs) return;
      if (state === PacketState.Skipped && this.oldest >= skippedBefore) return;
      this.oldest++;
    }
  }

  #leaveFlight(index: number, state: PacketState): void {
    this.state[index] = state;
    this.bytesInFlight -= this.sizeBytes[index] as number;
    this.packetsInFlight--;
  }

  #grow(): void {
    const from = this.#capacity;
    this.#capacity = Math.max(2 * from, FIRST_CAPACITY);
    const move = <Column extends Uint8Array | Uint16Array | Float64Array>(old: Column, width = 1): Column => {
      const larger = new (old.constructor as new (length: number) => Column)(this.#capacity * width);
      for (let number = this.next - from; number < this.next; number++) {
        const at = ((number | 0) & (from - 1)) * width;
        larger.set(old.subarray(at, at + width), this.index(number) * width);
      }
      return larger;
    };
    this.state = move(this.state);
    this.sizeBytes = move(this.sizeBytes);
    this.sentMs = move(this.sentMs);
    this.delivered = move(this.delivered);
    this.deliveredMs = move(this.deliveredMs);
    this.firstSentMs = move(this.firstSentMs);
    this.appLimited = move(this.appLimited);
    this.largestAcked = move(this.largestAcked);
    this.firstNotify = move(this.firstNotify);
    this.notifyCount = move(this.notifyCount);
    this.hasClose = move(this.hasClose);
    this.laneStart = move(this.laneStart, LANES);
    this.laneLength = move(this.laneLength, LANES);
  }
}
