import type { AckFrame } from "../frames/ack-frame.js";
import type { SentPackets } from "./sent-packets.js";

/**
 * How fast the way carries what is sent: between two acknowledgements, bytes delivered over the time it took to send or
 * to deliver them, whichever was longer (draft-cheng-iccrg-delivery-rate-estimation).
 */
export class DeliveryRate {
  /** Bytes that have arrived since the beginning. */
  delivered = 0;
  #deliveredMs = 0;
  #firstSentMs = 0;
  /** Until more bytes than these are delivered, a rate tells of the application's appetite, not of the way. */
  #appLimitedUntil = -1;
  /** Of the newest packet acknowledged in the acknowledgement under way. */
  #newest = -1;
  #newestDelivered = 0;
  #newestDeliveredMs = 0;
  #sendingMs = 0;
  /** Bytes per millisecond, as `measure` found, and the time over which it did. */
  rate = 0;
  spanMs = 0;
  isAppLimited = false;

  /** Notes, in the packet's entry, where things stand when it is sent. */
  sent(packets: SentPackets, index: number, nowMs: number): void {
    if (packets.packetsInFlight === 0) {
      this.#firstSentMs = nowMs;
      this.#deliveredMs = nowMs;
    }
    packets.delivered[index] = this.delivered;
    packets.deliveredMs[index] = this.#deliveredMs;
    packets.firstSentMs[index] = this.#firstSentMs;
    packets.appLimited[index] = this.#appLimitedUntil >= this.delivered ? 1 : 0;
  }

  /** A packet has arrived, the newest of the acknowledgement `delayMs` before that left. */
  acknowledged(packets: SentPackets, number: number, index: number, { delayMs }: AckFrame, nowMs: number): void {
    this.delivered += packets.sizeBytes[index] as number;
    // An acknowledgement speaks for several packets and tells when the last of them came. Without that, with ten
    // packets to a round trip, the highest rates were a sixth too high, and a queue stood.
    this.#deliveredMs = Math.max(nowMs - delayMs, this.#deliveredMs);
    if (number < this.#newest) return;
    this.#newest = number;
    this.#newestDelivered = packets.delivered[index] as number;
    this.#newestDeliveredMs = packets.deliveredMs[index] as number;
    this.isAppLimited = packets.appLimited[index] === 1;
    this.#firstSentMs = packets.sentMs[index] as number;
    this.#sendingMs = this.#firstSentMs - (packets.firstSentMs[index] as number);
  }

  /** Ends an acknowledgement that acknowledged something new. */
  measure(): void {
    this.spanMs = Math.max(this.#sendingMs, this.#deliveredMs - this.#newestDeliveredMs);
    this.rate = this.spanMs > 0 ? (this.delivered - this.#newestDelivered) / this.spanMs : 0;
  }

  /** What had been delivered when the newest packet of the acknowledgement was sent. */
  get deliveredBefore(): number {
    return this.#newestDelivered;
  }

  /** All that the application has is on its way: rates measured with it say nothing of the limit. */
  appIsLimit(bytesInFlight: number): void {
    this.#appLimitedUntil = this.delivered + bytesInFlight;
  }
}
