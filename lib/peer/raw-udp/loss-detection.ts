import { MAX_ACK_DELAY_MS, MAX_UNRELIABLE_ACK_DELAY_MS } from "../delivery/received-packets.js";
import type { RoundTripEstimator } from "../delivery/round-trip-estimator.js";
import type { AckFrame } from "../frames/ack-frame.js";
import { PacketState, SENT_MS, type SentPackets } from "./sent-packets.js";

/** The time threshold (RFC 9002, 6.1.2): a packet is lost an eighth of a round trip after it was due. */
const REORDER_FRACTION = 8;
const GRANULARITY_MS = 1;
/** Probe timeouts double up to here. */
const MAX_PROBE_TIMEOUT_MS = 2000;
/**
 * Where one of so many packets was lost, so many probes follow each other without doubling: a path that loses a third
 * of its packets loses several probes or their acknowledgements in a row, and latest state waits for one of them. They
 * are less than the smallest window.
 */
const LOSSY_PACKETS = 64;
const STEADY_PROBES = 6;

/**
 * Declares packets lost by time alone, as RACK does (RFC 8985): a packet is lost when a later one has been acknowledged
 * and a round trip and the reordering window have passed since it was sent. Packets are sent in the order of their
 * numbers, so each is looked at once. The window grows when a packet that was declared lost is acknowledged after all.
 */
export class LossDetection {
  largestAcknowledged = 0;
  /** When `detectLost` or `isProbeDue` has something to do, as `updateDeadline` found. */
  deadlineMs = Number.POSITIVE_INFINITY;
  /** When the last ack-eliciting packet was sent, or a probe was due. */
  #lastSentMs = 0;
  /** That packet has unreliable messages and nothing else. */
  #lastIsUnreliable = false;
  /** The last packet with anything else. */
  #lastOther = -1;
  #reorderWindowMs = 0;
  /** All packets below it are decided. */
  #cursor = 0;
  /**
   * How long the other side delays its acknowledgements: the highest value of late, since an application that works in
   * frames sends them with its next frame.
   */
  #peerAckDelayMs = MAX_ACK_DELAY_MS;
  /** Probes since something was acknowledged (RFC 9002: pto_count). */
  #probeCount = 0;
  #probeMs = 0;
  #lastLost = Number.NEGATIVE_INFINITY;
  readonly #sent: SentPackets;
  readonly #roundTrip: RoundTripEstimator;

  constructor(sent: SentPackets, roundTrip: RoundTripEstimator) {
    this.#sent = sent;
    this.#roundTrip = roundTrip;
    this.#cursor = sent.next;
    this.largestAcknowledged = sent.next - 1;
  }

  /** An ack-eliciting packet was sent. */
  onPacketSent(isUnreliable: boolean, nowMs: number): void {
    this.#lastSentMs = nowMs;
    this.#lastIsUnreliable = isUnreliable;
    if (!isUnreliable) this.#lastOther = this.#sent.next - 1;
  }

  /** A packet in flight was acknowledged. */
  onPacketAcknowledged(number: number): void {
    this.largestAcknowledged = Math.max(this.largestAcknowledged, number);
    this.#probeCount = 0;
  }

  /** A packet that had been declared lost was acknowledged, `elapsedMs` after it was sent. */
  onSpuriousLoss(elapsedMs: number): void {
    const { smoothedMs } = this.#roundTrip;
    this.#reorderWindowMs = Math.min(Math.max(this.#reorderWindowMs, elapsedMs - smoothedMs), smoothedMs);
  }

  /** Reliable content was acknowledged with this delay. */
  onAckDelay({ delayMs }: AckFrame): void {
    this.#peerAckDelayMs = Math.max(delayMs, this.#peerAckDelayMs - (this.#peerAckDelayMs - delayMs) / 16);
  }

  /** A round trip has passed: the reordering window shrinks slowly. */
  onRoundEnd(): void {
    this.#reorderWindowMs -= this.#reorderWindowMs / 16;
  }

  /** Nothing is known of the path any more. */
  restart(): void {
    this.#reorderWindowMs = 0;
    this.#probeCount = 0;
    this.#lastLost = Number.NEGATIVE_INFINITY;
  }

  /** The next packet that is lost by now, -1 when there is none. The caller takes it out of flight. */
  detectLost(nowMs: number): number {
    if (!this.#seek() || nowMs < this.#lossTimeMs()) return -1;
    this.#lastLost = this.#cursor;
    return this.#cursor++;
  }

  updateDeadline(): void {
    if (this.#sent.packetsInFlight === 0) this.deadlineMs = Number.POSITIVE_INFINITY;
    else if (this.#seek()) this.deadlineMs = this.#lossTimeMs();
    else {
      this.#updateProbe();
      this.deadlineMs = this.#probeMs;
    }
  }

  /** Whether the probe timeout has passed. Starts the next one, which is twice as long. */
  isProbeDue(nowMs: number): boolean {
    if (this.#sent.packetsInFlight === 0 || this.#seek()) return false;
    this.#updateProbe();
    if (nowMs < this.#probeMs) return false;
    this.#probeCount++;
    this.#lastSentMs = nowMs;
    return true;
  }

  /** The last probe needs company: it was not the first since something was acknowledged, or the path loses packets. */
  get isProbeDoubled(): boolean {
    return this.#probeCount > 1 || this.#isLossy();
  }

  #isLossy(): boolean {
    return this.#sent.next - this.#lastLost <= LOSSY_PACKETS;
  }

  /** Sets `#probeMs`: as a result it would be an object on the heap for every flush. */
  #updateProbe(): void {
    // The acknowledgement may be delayed, of unreliable messages for longer: while nothing else is in flight, nothing
    // would be sent again.
    const isPatient = this.#lastOther <= this.largestAcknowledged && !this.#isLossy();
    const unreliableMs = isPatient ? MAX_UNRELIABLE_ACK_DELAY_MS : MAX_ACK_DELAY_MS;
    const ackDelayMs = this.#lastIsUnreliable
      ? unreliableMs
      : Math.max(this.#peerAckDelayMs, this.#roundTrip.ackDelayMs);
    const timeoutMs = this.#roundTrip.probeTimeoutMs + ackDelayMs;
    const doublings = this.#isLossy() ? Math.max(this.#probeCount - STEADY_PROBES, 0) : this.#probeCount;
    // Asked twice for each packet that is sent, and a power is a call.
    const waitMs =
      doublings === 0 ? timeoutMs : Math.min(timeoutMs * 2 ** doublings, Math.max(MAX_PROBE_TIMEOUT_MS, timeoutMs));
    this.#probeMs = this.#lastSentMs + waitMs;
  }

  /** When the packet at the cursor counts as lost (RFC 9002: loss_time). */
  #lossTimeMs(): number {
    const { lossDelayBaseMs } = this.#roundTrip;
    const reorderMs = Math.max(this.#reorderWindowMs, lossDelayBaseMs / REORDER_FRACTION, GRANULARITY_MS);
    return (this.#sent.doubles[this.#sent.index(this.#cursor) + SENT_MS] as number) + lossDelayBaseMs + reorderMs;
  }

  /** Moves to the first packet that is not decided. @returns whether a later one has been acknowledged */
  #seek(): boolean {
    this.#cursor = Math.max(this.#cursor, this.#sent.oldest);
    while (this.#cursor < this.largestAcknowledged) {
      const state = this.#sent.stateOf(this.#cursor);
      if (state === PacketState.InFlight || state === PacketState.Probed) return true;
      this.#cursor++;
    }
    return false;
  }
}
