import { ReplayWindow } from "../../noise/replay-window.js";
import { RangeSet } from "../collections/range-set.js";
import { ACK_DELAY_UNITS_PER_MS, MAX_ACK_DELAY_UNITS, MAX_FURTHER_RANGES, writeAckFrame } from "../frames/ack-frame.js";
import { MIN_PACKET_SIZE } from "../packet-format.js";

/** A packet this far behind the newest one, or farther, is dropped: it could not be told from a copy. */
export const RECEIVE_WINDOW = 4096;
/** The longest time that an acknowledgement is delayed (RFC 9000: max_ack_delay). */
export const MAX_ACK_DELAY_MS = 25;
/**
 * That of packets of which nothing would be sent again, while they are few. Within this time a game sends something
 * anyway, and the acknowledgement leaves with it.
 */
export const MAX_UNRELIABLE_ACK_DELAY_MS = 125;
/**
 * So many bytes of them are few: half of the smallest window of a sender. Somebody who only listens to ten speakers
 * would acknowledge 50 times a second otherwise, which takes a voice server a fifth of its time.
 */
export const UNRELIABLE_ACK_BYTES = 2 * MIN_PACKET_SIZE;

/** The first packets of a connection are acknowledged more often: from them the sender learns how fast it can send. */
const EAGER_PACKETS = 100;
const EAGER_INTERVAL = 2;
/**
 * Later, 10 packets share an acknowledgement: with 2, acknowledgements take a third of the CPU time of a bulk transfer.
 */
export const ACK_INTERVAL = 10;

/** How soon a packet has to be acknowledged. */
export enum AckUrgency {
  /** With the next packet that leaves, whenever that is. */
  None = 0,
  /** It has unreliable messages and nothing else. */
  Low = 1,
  Normal = 2,
  AtOnce = 3,
}

/** Which packets have come: which are copies, which have to be acknowledged, and when. */
export class ReceivedPackets {
  /** When an Ack has to be sent, `Infinity` when nothing has to be acknowledged. */
  ackDueMs = Number.POSITIVE_INFINITY;
  /** How long an acknowledgement is delayed. */
  ackDelayMs = MAX_ACK_DELAY_MS;
  readonly #seen: ReplayWindow;
  #acknowledged = new RangeSet();
  #largestAcknowledgedMs = 0;
  #unacknowledgedCount = 0;
  #unacknowledgedBytes = 0;
  #total = 0;
  /** A packet came that was not the next one, and no Ack has been sent since. */
  #isOutOfOrder = false;

  constructor(firstNumber: number) {
    this.#seen = new ReplayWindow(RECEIVE_WINDOW, firstNumber - 1);
  }

  get isAckDue(): boolean {
    return this.ackDueMs < Number.POSITIVE_INFINITY;
  }

  /**
   * How many ranges an Ack names. They are forgotten when the other side acknowledges an Ack, and it does so only to
   * those that travel with content (RFC 9000, 13.2.4).
   */
  get rangeCount(): number {
    return this.#acknowledged.count;
  }

  get largest(): number {
    return this.#seen.newest;
  }

  /** Whether the packet with this number is new: neither a copy nor too old to tell. */
  isNew(number: number): boolean {
    return this.#seen.isNew(number);
  }

  /**
   * Notes a new packet.
   *
   * @returns whether it and all others since the last Ack came in order. Packets that ask for no acknowledgement count
   *   as well: a gap may show in one of them first.
   */
  record(number: number): boolean {
    if (number - this.largest !== 1) this.#isOutOfOrder = true;
    this.#seen.mark(number);
    return !this.#isOutOfOrder;
  }

  /** A packet that was noted has to be acknowledged. @param bytes of its frames; for packets of `AckUrgency.Low` */
  acknowledge(number: number, urgency: AckUrgency, nowMs: number, bytes = 0): void {
    const ranges = this.#acknowledged;
    if (ranges.count === 0 || number >= ranges.end(ranges.count - 1)) this.#largestAcknowledgedMs = nowMs;
    ranges.add(number, number + 1);
    if (ranges.count > MAX_FURTHER_RANGES + 1) ranges.removeFirst();
    // Without `forget`, lengths would outgrow a varint.
    if (number - ranges.start(0) > 2 * RECEIVE_WINDOW) this.forget(number - RECEIVE_WINDOW);
    if (urgency === AckUrgency.None) return;
    this.#total++;
    this.#unacknowledgedCount++;
    this.#unacknowledgedBytes += bytes;
    this.ackDueMs = Math.min(this.ackDueMs, nowMs + this.#delayMs(urgency));
  }

  /** The acknowledgements sent so far may not arrive. */
  acknowledgeAgain(nowMs: number): void {
    if (this.#acknowledged.count > 0) this.ackDueMs = Math.min(this.ackDueMs, nowMs);
  }

  /** The other side has an Ack up to `largest`: it need not be told again. */
  forget(largest: number): void {
    this.#acknowledged.remove(0, largest + 1);
    if (this.#acknowledged.count === 0) this.ackDueMs = Number.POSITIVE_INFINITY;
  }

  /** The largest number that an Ack would name now, -1 when there is none. */
  get largestAcknowledged(): number {
    const { count } = this.#acknowledged;
    return count === 0 ? -1 : this.#acknowledged.end(count - 1) - 1;
  }

  /** Writes an Ack with the newest ranges that fit before `end`; gives its end. */
  writeAck(buffer: Uint8Array, start: number, end: number, nowMs: number): number {
    const delayMs = nowMs - this.#largestAcknowledgedMs;
    const delayUnits = Math.min(Math.max(Math.floor(delayMs * ACK_DELAY_UNITS_PER_MS), 0), MAX_ACK_DELAY_UNITS);
    const at = writeAckFrame(buffer, start, end, this.#acknowledged, delayUnits);
    this.ackDueMs = Number.POSITIVE_INFINITY;
    this.#unacknowledgedCount = 0;
    this.#unacknowledgedBytes = 0;
    this.#isOutOfOrder = false;
    return at;
  }

  #delayMs(urgency: AckUrgency): number {
    if (urgency === AckUrgency.AtOnce) return 0;
    const isEager = this.#total < EAGER_PACKETS;
    const areFew = urgency === AckUrgency.Low && this.#unacknowledgedBytes < UNRELIABLE_ACK_BYTES;
    if (this.#unacknowledgedCount >= (isEager ? EAGER_INTERVAL : ACK_INTERVAL) && (isEager || !areFew)) return 0;
    if (urgency !== AckUrgency.Low) return this.ackDelayMs;
    return areFew ? MAX_UNRELIABLE_ACK_DELAY_MS : MAX_ACK_DELAY_MS;
  }
}
