import { ReplayWindow } from "../../noise/replay-window.js";
import { RangeSet } from "../collections/range-set.js";
import { ackDelayUnits, MAX_FURTHER_RANGES, writeAckFrame } from "../frames/ack-frame.js";

/** How far behind the newest a packet may come and still be known as new or as a copy. */
export const RECEIVE_WINDOW = 4096;
/** An acknowledgement waits at most so long for company. */
export const MAX_ACK_DELAY_MS = 25;
/**
 * That of a single packet of which nothing would be sent again: so long that it leaves with what a game sends anyhow.
 */
export const MAX_LONE_ACK_DELAY_MS = 125;

/** The beginning of a connection is acknowledged more often: there the other side learns how fast it can send. */
const EAGER_PACKETS = 100;
const EAGER_INTERVAL = 2;
/**
 * Then 10 packets share an acknowledgement; every second one would cost a bulk transfer a third of its packets' CPU.
 */
export const ACK_INTERVAL = 10;

/** How soon a packet is to be acknowledged. */
export enum AckUrgency {
  /** With the next packet that leaves, whenever that is. */
  None = 0,
  /** There are unreliable messages in it, and nothing else. */
  Low = 1,
  Normal = 2,
  AtOnce = 3,
}

/** Which packets have come: what is a copy, and what there is to acknowledge, and when. */
export class ReceivedPackets {
  /** When an acknowledgement has to leave; `Infinity`: nothing waits for one. */
  ackDueMs = Number.POSITIVE_INFINITY;
  /** How long an acknowledgement waits for company. */
  delayMs = MAX_ACK_DELAY_MS;
  readonly #seen: ReplayWindow;
  #acknowledged = new RangeSet();
  #largestAcknowledgedMs = 0;
  #unacknowledgedCount = 0;
  #total = 0;
  /** A packet came that was not the next one, and no acknowledgement has left since. */
  #hasNews = false;

  constructor(firstNumber: number) {
    this.#seen = new ReplayWindow(RECEIVE_WINDOW, firstNumber - 1);
  }

  get largest(): number {
    return this.#seen.newest;
  }

  /** Whether this number can still be told from a copy, and is none. */
  isNew(number: number): boolean {
    return this.#seen.isNew(number);
  }

  /**
   * Notes a new packet; true: it came exactly behind the newest, and so did all since the last acknowledgement. A gap
   * can show first in a packet that asks for none.
   */
  record(number: number): boolean {
    if (number - this.largest !== 1) this.#hasNews = true;
    this.#seen.mark(number);
    return !this.#hasNews;
  }

  /** A recorded packet is to be acknowledged. */
  acknowledge(number: number, urgency: AckUrgency, nowMs: number): void {
    const ranges = this.#acknowledged;
    if (ranges.count === 0 || number >= ranges.end(ranges.count - 1)) this.#largestAcknowledgedMs = nowMs;
    ranges.add(number, number + 1);
    if (ranges.count > MAX_FURTHER_RANGES + 1) ranges.removeFirst();
    // Where nobody tells us to forget, the lengths would outgrow a varint.
    if (number - ranges.start(0) > 2 * RECEIVE_WINDOW) this.forget(number - RECEIVE_WINDOW);
    if (urgency !== AckUrgency.None) this.#wait(urgency, nowMs);
  }

  /** The other side has read an acknowledgement up to `largest`: it need not be said again. */
  forget(largest: number): void {
    this.#acknowledged.remove(0, largest + 1);
  }

  /** Largest number that an Ack frame would name now, -1: there is none. */
  get largestAcknowledged(): number {
    const { count } = this.#acknowledged;
    return count === 0 ? -1 : this.#acknowledged.end(count - 1) - 1;
  }

  /** Writes an Ack frame that ends before `end` and gives its end; drops the oldest ranges where room is short. */
  writeAck(buffer: Uint8Array, start: number, end: number, nowMs: number): number {
    const delayUnits = ackDelayUnits(nowMs - this.#largestAcknowledgedMs);
    const at = writeAckFrame(buffer, start, end, this.#acknowledged, delayUnits);
    this.ackDueMs = Number.POSITIVE_INFINITY;
    this.#unacknowledgedCount = 0;
    this.#hasNews = false;
    return at;
  }

  #wait(urgency: AckUrgency, nowMs: number): void {
    this.#total++;
    this.#unacknowledgedCount++;
    this.ackDueMs = Math.min(this.ackDueMs, nowMs + this.#delayMs(urgency));
  }

  #delayMs(urgency: AckUrgency): number {
    const interval = this.#total < EAGER_PACKETS ? EAGER_INTERVAL : ACK_INTERVAL;
    if (urgency === AckUrgency.AtOnce || this.#unacknowledgedCount >= interval) return 0;
    if (urgency !== AckUrgency.Low) return this.delayMs;
    return this.#unacknowledgedCount === 1 ? MAX_LONE_ACK_DELAY_MS : MAX_ACK_DELAY_MS;
  }
}
