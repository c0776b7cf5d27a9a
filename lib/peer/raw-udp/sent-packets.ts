import { LANES } from "../packet-format.js";

/** What is known of a packet that was sent. */
export enum PacketState {
  /** Acknowledged, or given up, or never to be acknowledged: nothing more will come of it. */
  Settled = 0,
  InFlight = 1,
  /** In flight, but its content is queued to be sent again: a probe was due. */
  Probed = 2,
  /** Counts as lost, its content is queued again; an acknowledgement may still come and show that it was only late. */
  Lost = 3,
  /** Its number was left out: whoever acknowledges it has not received what he acknowledges. */
  Skipped = 4,
}

const FIRST_CAPACITY = 32;
/** More packets than that are not remembered: the oldest count as lost. */
export const MAX_SENT_PACKETS = 16384;

/** What the packets sent contained, in columns that are indexed by packet number: a ring that doubles up to a limit. */
export class SentPackets {
  /** Number of the next packet. */
  next = 0;
  /** Below it everything is settled. */
  oldest = 0;
  /** Lost packets sent before it need not be remembered. A field, since as an argument it would be a heap object. */
  forgetBeforeMs = Number.NEGATIVE_INFINITY;
  bytesInFlight = 0;
  packetsInFlight = 0;
  state = new Uint8Array(0);
  sizeBytes = new Uint16Array(0);
  sentMs = new Float64Array(0);
  /** Of the delivery rate: see `DeliveryRate`. */
  delivered = new Float64Array(0);
  deliveredMs = new Float64Array(0);
  firstSentMs = new Float64Array(0);
  appLimited = new Uint8Array(0);
  /** Largest number that its Ack frame named, -1 without one. */
  acknowledged = new Float64Array(0);
  /** Notify messages in it: the first one's place in `NotifyTokens`, and how many. */
  firstNotify = new Float64Array(0);
  notifyCount = new Uint16Array(0);
  hasClose = new Uint8Array(0);
  /** A lane's bytes in it, at `index * LANES + lane`; length 0: none. */
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

  /** Whether no further packet is remembered before `oldest` has moved. */
  get isFull(): boolean {
    return this.next - this.oldest >= MAX_SENT_PACKETS - 1;
  }

  /** Begins the entry of the next packet, still empty and settled; gives its index. */
  begin(): number {
    // Who only acknowledges is never acknowledged, and waits for nothing.
    if (this.next - this.oldest >= this.#capacity) this.retire(Number.POSITIVE_INFINITY);
    if (this.next - this.oldest >= this.#capacity) this.#grow();
    const index = this.index(this.next++);
    this.state[index] = PacketState.Settled;
    this.sizeBytes[index] = 0;
    this.acknowledged[index] = -1;
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
   * Moves `oldest` on: over settled packets, lost ones sent before `forgetBeforeMs`, and numbers skipped before
   * `skippedBefore`.
   */
  retire(skippedBefore: number): void {
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
    this.acknowledged = move(this.acknowledged);
    this.firstNotify = move(this.firstNotify);
    this.notifyCount = move(this.notifyCount);
    this.hasClose = move(this.hasClose);
    this.laneStart = move(this.laneStart, LANES);
    this.laneLength = move(this.laneLength, LANES);
  }
}
