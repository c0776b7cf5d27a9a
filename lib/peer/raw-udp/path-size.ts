import type { ConnectionMetrics } from "../metrics.js";
import { MIN_PACKET_SIZE } from "../packet-format.js";
import type { SentPackets } from "./sent-packets.js";

/** What nearly every path carries: it is asked for at once where the handshake has not proved it. */
const BASE_BYTES = 1232;
/** What is asked for when there is much to send, the largest first: Ethernet's size under IPv6, and that of tunnels. */
const LARGER_SIZES = [1452, 1372];
/** There is much to send when so many packets of full size have arrived. */
const BULK_PACKETS = 32;
/** A larger size is asked for by so many probes (RFC 8899: MAX_PROBES): each of them may be lost by chance. */
const MAX_RAISE_PROBES = 3;
/** After so many losses with nothing as large acknowledged in between, probes ask whether the size still arrives. */
const SUSPICIOUS_LOSSES = 6;
/** So many large packets in a row are not lost by chance: where 30 % are lost, one run in two million. */
const BLACK_HOLE_LOSSES = 12;
/**
 * Losses have to be noticed so many times, a probe timeout apart each: those of a queue that overflows (RFC 9002, 7.6),
 * or of a time in which nothing at all arrived, are noticed at once.
 */
const BLACK_HOLE_ROUNDS = 3;
/** Where even the smallest size is lost the connection ends, after this time at most. */
const MAX_DEAD_MS = 5000;

/**
 * How large packets may be on the way to the other side, as that side's acknowledgements show it (RFC 8899). A loss
 * counts when something smaller that was sent later has arrived. The size begins where the handshake has proved it, or
 * at the smallest one and is raised by probes. When packets of this size vanish, it falls to the smallest at once: that
 * costs a fifth of the content at most, so it is not raised again.
 */
export class PathSize {
  /** The largest packet that may be sent now, in bytes. */
  sizeBytes = 0;
  /** A packet of `probeBytes` has to be sent. */
  isProbeDue = false;
  /** Packets of the smallest size do not arrive: the connection has to end. */
  isDead = false;
  /** The size that a server proves when it begins, 0 when that is decided. */
  #raiseBytes = 0;
  #raiseProbes = 0;
  /** Packets of full size that have arrived since it was set. */
  #fullPackets = 0;
  /** Which of the larger sizes is asked for next. */
  #larger = 0;
  /** The acknowledgement of a packet of this size or more ends the suspicion. */
  #calmingBytes = 0;
  /** The newest packet of full size that has arrived. */
  #newestFull = -1;
  /** Lost since, or since something as large has arrived. */
  #losses = 0;
  /** Since the newest one of full size: the first smaller packet that arrived, -1: none. Before it nothing may have; */
  #witness = -1;
  /** the size of the largest one that has; */
  #largestArrived = 0;
  /** how many larger ones sent after the witness are lost, */
  #largeLosses = 0;
  /** and when that was noticed: how often, first and last. */
  #lossRounds = 0;
  #firstRoundMs = 0;
  #lastRoundMs = 0;
  readonly #maxBytes: number;
  readonly #deadMs: number;
  readonly #metrics: ConnectionMetrics;

  /** @param provedBytes what has been proved of `maxBytes` */
  constructor(metrics: ConnectionMetrics, maxBytes: number, provedBytes: number, timeoutMs: number) {
    this.#metrics = metrics;
    this.#maxBytes = maxBytes;
    this.#begin(provedBytes);
    this.#deadMs = Math.min(timeoutMs / 2, MAX_DEAD_MS);
  }

  /** Another path, of which nothing is proved. */
  restart(): void {
    this.#begin(MIN_PACKET_SIZE);
  }

  get probeBytes(): number {
    return this.#raiseBytes || this.sizeBytes;
  }

  onPacketAcknowledged(number: number, sizeBytes: number): void {
    if (sizeBytes < this.sizeBytes) {
      if (this.#witness < 0) this.#witness = number;
      if (sizeBytes > this.#largestArrived) {
        this.#largestArrived = sizeBytes;
        this.#largeLosses = 0;
      }
    }
    if (sizeBytes < this.#calmingBytes) return;
    this.#losses = 0;
    this.#calmingBytes = this.sizeBytes;
    if (sizeBytes < this.sizeBytes) return;
    this.#newestFull = Math.max(this.#newestFull, number);
    this.#forgetLosses();
    if (sizeBytes > this.sizeBytes && sizeBytes === this.#raiseBytes) {
      // Larger ones have been asked for before.
      if (sizeBytes > BASE_BYTES) this.#askNoLarger();
      this.#setSize(sizeBytes);
    }
    if (this.#raiseBytes !== 0) return;
    this.isProbeDue = false;
    if (++this.#fullPackets === BULK_PACKETS) this.#raise();
  }

  /** @param probeTimeoutMs that of the connection now */
  onPacketLost(number: number, packets: SentPackets, nowMs: number, probeTimeoutMs: number): void {
    const index = packets.index(number);
    const sizeBytes = packets.sizeBytes(index);
    if (sizeBytes === this.#raiseBytes) {
      this.isProbeDue = true;
      if (++this.#raiseProbes < MAX_RAISE_PROBES) return;
      this.isProbeDue = this.#raiseBytes <= BASE_BYTES;
      this.#raiseBytes = 0;
      if (this.isProbeDue) {
        // Now the smaller size has to be proved.
        this.#losses = SUSPICIOUS_LOSSES;
        this.#askNoLarger();
      } else {
        this.#raise();
      }
      return;
    }
    if (number < this.#newestFull) return;
    if (++this.#losses < SUSPICIOUS_LOSSES) this.#calmingBytes = Math.min(this.#calmingBytes, sizeBytes);
    else {
      this.#calmingBytes = this.sizeBytes;
      this.isProbeDue = true;
    }
    // A larger one is from before the size fell.
    if (sizeBytes > this.sizeBytes || sizeBytes <= this.#largestArrived) return;
    if (this.#witness >= 0 && number > this.#witness) this.#onLargeLost(nowMs, probeTimeoutMs);
  }

  #onLargeLost(nowMs: number, probeTimeoutMs: number): void {
    if (this.#largeLosses++ === 0) {
      this.#lossRounds = 1;
      this.#firstRoundMs = this.#lastRoundMs = nowMs;
    } else if (nowMs - this.#lastRoundMs >= probeTimeoutMs) {
      this.#lossRounds++;
      this.#lastRoundMs = nowMs;
    }
    if (this.#largeLosses < BLACK_HOLE_LOSSES || this.#lossRounds < BLACK_HOLE_ROUNDS) return;
    if (this.sizeBytes > MIN_PACKET_SIZE) {
      this.#askNoLarger();
      this.#setSize(MIN_PACKET_SIZE);
    } else if (nowMs - this.#firstRoundMs >= this.#deadMs) this.isDead = true;
  }

  #forgetLosses(): void {
    this.#witness = -1;
    this.#largestArrived = 0;
    this.#largeLosses = 0;
  }

  #begin(provedBytes: number): void {
    this.#setSize(provedBytes);
    this.#larger = 0;
    this.#ask(BASE_BYTES);
  }

  /** Asks for the next larger size. */
  #raise(): void {
    while (this.#raiseBytes === 0 && this.#larger < LARGER_SIZES.length) {
      this.#ask(LARGER_SIZES[this.#larger++] as number);
    }
  }

  #askNoLarger(): void {
    this.#larger = LARGER_SIZES.length;
  }

  #ask(sizeBytes: number): void {
    const bytes = Math.min(sizeBytes, this.#maxBytes);
    this.#raiseBytes = bytes > this.sizeBytes ? bytes : 0;
    this.#raiseProbes = 0;
    this.isProbeDue = this.#raiseBytes > 0;
  }

  #setSize(sizeBytes: number): void {
    this.sizeBytes = sizeBytes;
    this.#metrics.maxPacketSize = sizeBytes;
    this.#calmingBytes = sizeBytes;
    this.#raiseBytes = 0;
    this.#fullPackets = 0;
    this.#losses = 0;
    this.#forgetLosses();
  }
}
