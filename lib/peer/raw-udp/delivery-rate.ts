import type { AckFrame } from "../frames/ack-frame.js";
import { DELIVERED, DELIVERED_MS, FIRST_SENT_MS, PacketFlag, SENT_MS, type SentPackets } from "./sent-packets.js";

/**
 * Measures how fast the path delivers: the bytes delivered between two acknowledgements over the time that it took to
 * send or to deliver them, whichever is longer (draft-cheng-iccrg-delivery-rate-estimation, whose names these are).
 */
export class DeliveryRate {
  /** Bytes that have been acknowledged in all. */
  delivered = 0;
  /** What had been delivered when the newest packet of the Ack was sent. */
  priorDelivered = 0;
  #deliveredMs = 0;
  #firstSentMs = 0;
  /**
   * Until more bytes than these are delivered, a rate says how much the application sends, not what the path carries.
   */
  #appLimitedUntil = -1;
  // Of the newest packet of the present acknowledgement, as they were when it was sent.
  #newest = -1;
  #priorDeliveredMs = 0;
  #sendElapsedMs = 0;
  /** Bytes per millisecond, as `measure` found, and the time over which it was measured. */
  rate = 0;
  intervalMs = 0;
  isAppLimited = false;

  /** Notes the state in the packet's entry when it is sent. */
  onPacketSent(packets: SentPackets, index: number, nowMs: number): void {
    if (packets.packetsInFlight === 0) {
      this.#firstSentMs = nowMs;
      this.#deliveredMs = nowMs;
    }
    packets.doubles[index + DELIVERED] = this.delivered;
    packets.doubles[index + DELIVERED_MS] = this.#deliveredMs;
    packets.doubles[index + FIRST_SENT_MS] = this.#firstSentMs;
    if (this.#appLimitedUntil >= this.delivered) packets.set(index, PacketFlag.AppLimited);
  }

  /** A packet was acknowledged, by an Ack that had been delayed by `delayMs`. */
  onPacketAcknowledged(
    packets: SentPackets,
    number: number,
    index: number,
    { delayMs }: AckFrame,
    nowMs: number,
  ): void {
    this.delivered += packets.sizeBytes(index);
    // An Ack acknowledges several packets and says when the last of them came. Without the delay the highest rates were
    // a sixth too high, with ten packets in a round trip, and a queue remained.
    this.#deliveredMs = Math.max(nowMs - delayMs, this.#deliveredMs);
    if (number < this.#newest) return;
    this.#newest = number;
    this.priorDelivered = packets.doubles[index + DELIVERED] as number;
    this.#priorDeliveredMs = packets.doubles[index + DELIVERED_MS] as number;
    this.isAppLimited = packets.has(index, PacketFlag.AppLimited);
    this.#firstSentMs = packets.doubles[index + SENT_MS] as number;
    this.#sendElapsedMs = this.#firstSentMs - (packets.doubles[index + FIRST_SENT_MS] as number);
  }

  /** Ends an Ack that acknowledged something new. */
  measure(): void {
    this.intervalMs = Math.max(this.#sendElapsedMs, this.#deliveredMs - this.#priorDeliveredMs);
    this.rate = this.intervalMs > 0 ? (this.delivered - this.priorDelivered) / this.intervalMs : 0;
  }

  /** Nothing is in flight, and nothing is known of the path any more. */
  restart(): void {
    this.#appLimitedUntil = -1;
  }

  /** Everything that the application has is in flight: rates measured with it say nothing about the limit. */
  onAppLimited(bytesInFlight: number): void {
    this.#appLimitedUntil = this.delivered + bytesInFlight;
  }
}
