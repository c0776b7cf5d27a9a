import { MAX_ACK_DELAY_MS, MAX_LONE_ACK_DELAY_MS } from "../delivery/received-packets.js";
import type { RoundTripEstimator } from "../delivery/round-trip-estimator.js";
import type { AckFrame } from "../frames/ack-frame.js";
import { PacketState, type SentPackets } from "./sent-packets.js";

/** A packet counts as lost an eighth of a round trip after it is overdue, and no sooner than timers can tell. */
const REORDER_FRACTION = 8;
const MIN_REORDER_MS = 1;
/** Silence is answered with probes at doubling intervals, up to this one. */
const MAX_PROBE_INTERVAL_MS = 2000;

/**
 * Says which packets are lost, by time alone, as RACK does (RFC 8985): a packet is, when a later one has been
 * acknowledged and a round trip and the reordering window have passed since it was sent. Times of sending ascend, so
 * each packet is looked at once. The window widens when a packet that was declared lost is acknowledged after all.
 */
export class LossDetection {
  largestAcknowledged = 0;
  /** When `nextLost` or `probe` has something to do, as `updateDeadline` found. */
  deadlineMs = Number.POSITIVE_INFINITY;
  /** When the last packet that asks for an acknowledgement was sent, or a probe was due. */
  #lastSentMs = 0;
  /** There are unreliable messages in that packet, and nothing else. */
  #lastIsUnreliable = false;
  #reorderMs = 0;
  /** Below it, no packet is in flight undecided. */
  #cursor = 0;
  /**
   * How long the other side holds its acknowledgements back: the most of late, since one that works in frames waits for
   * the next.
   */
  #heldMs = MAX_ACK_DELAY_MS;
  #probes = 0;
  #probeMs = 0;
  readonly #sent: SentPackets;
  readonly #roundTrip: RoundTripEstimator;

  constructor(sent: SentPackets, roundTrip: RoundTripEstimator) {
    this.#sent = sent;
    this.#roundTrip = roundTrip;
    this.#cursor = sent.next;
    this.largestAcknowledged = sent.next - 1;
  }

  /** A packet leaves that asks for an acknowledgement. */
  sent(isUnreliable: boolean, nowMs: number): void {
    this.#lastSentMs = nowMs;
    this.#lastIsUnreliable = isUnreliable;
  }

  /** A packet in flight has been acknowledged: the other side is there. */
  acknowledged(number: number): void {
    this.largestAcknowledged = Math.max(this.largestAcknowledged, number);
    this.#probes = 0;
  }

  /** A packet that had been declared lost came `elapsedMs` after it was sent. */
  onSpuriousLoss(elapsedMs: number): void {
    const { smoothedMs } = this.#roundTrip;
    this.#reorderMs = Math.min(Math.max(this.#reorderMs, elapsedMs - smoothedMs), smoothedMs);
  }

  /** An acknowledgement of reliable content was held back for so long. */
  onAckDelay({ delayMs }: AckFrame): void {
    this.#heldMs = Math.max(delayMs, this.#heldMs - (this.#heldMs - delayMs) / 16);
  }

  /** A round trip has passed: what was late once is forgotten by and by. */
  endRound(): void {
    this.#reorderMs -= this.#reorderMs / 16;
  }

  /** The next packet that is lost, -1: none, for now. The caller lands it. */
  nextLost(nowMs: number): number {
    if (!this.#seek() || nowMs < this.#overdueMs) return -1;
    return this.#cursor++;
  }

  updateDeadline(): void {
    if (this.#sent.packetsInFlight === 0) this.deadlineMs = Number.POSITIVE_INFINITY;
    else if (this.#seek()) this.deadlineMs = this.#overdueMs;
    else {
      this.#reckonProbe();
      this.deadlineMs = this.#probeMs;
    }
  }

  /** Whether silence has lasted so long that something should be sent again; asked once per silence. */
  probe(nowMs: number): boolean {
    if (this.#sent.packetsInFlight === 0 || this.#seek()) return false;
    this.#reckonProbe();
    if (nowMs < this.#probeMs) return false;
    this.#probes++;
    this.#lastSentMs = nowMs;
    return true;
  }

  /** Into a field: a result that is no small integer would be a heap object for every flush. */
  #reckonProbe(): void {
    // How long the other side may hold back the acknowledgement that is waited for. A single packet in flight is the
    // last one sent: the other side has all others, or would have told of a gap.
    const loneMs = this.#sent.packetsInFlight === 1 ? MAX_LONE_ACK_DELAY_MS : MAX_ACK_DELAY_MS;
    const holdableMs = this.#lastIsUnreliable ? loneMs : Math.max(this.#heldMs, this.#roundTrip.ackDelayMs);
    const probeTimeoutMs = this.#roundTrip.probeTimeoutMs + holdableMs;
    this.#probeMs =
      this.#lastSentMs + Math.min(probeTimeoutMs * 2 ** this.#probes, Math.max(MAX_PROBE_INTERVAL_MS, probeTimeoutMs));
  }

  get #overdueMs(): number {
    const { lossDelayBaseMs } = this.#roundTrip;
    const reorderMs = Math.max(this.#reorderMs, lossDelayBaseMs / REORDER_FRACTION, MIN_REORDER_MS);
    return (this.#sent.sentMs[this.#sent.index(this.#cursor)] as number) + lossDelayBaseMs + reorderMs;
  }

  /** Moves to the first undecided packet; whether a later one has been acknowledged. */
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
