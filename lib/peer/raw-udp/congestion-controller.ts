import type { Random } from "../../random.js";
import { ACK_INTERVAL, MAX_ACK_DELAY_MS, UNRELIABLE_ACK_BYTES } from "../delivery/received-packets.js";
import type { RoundTripEstimator } from "../delivery/round-trip-estimator.js";
import { BandwidthFilter } from "./bandwidth-filter.js";
import type { DeliveryRate } from "./delivery-rate.js";

const INITIAL_PACKETS = 10;
const MIN_PACKETS = 4;
/** Doubles the rate in each round trip: 2 / ln 2. */
const STARTUP_GAIN = 2.885;
const WINDOW_GAIN = 2;
/** Asks for more than is known, drains the queue that this has made, and then keeps the rate for six round trips. */
const PACING_GAINS = [1.25, 0.75, 1, 1, 1, 1, 1, 1];
/** The queue has this long to drain: a full one of one bandwidth-delay product takes four round trips. */
const MAX_DRAIN_ROUNDS = 5;
/** The path is full when the rate has not grown by a quarter in three round trips. */
const FULL_GROWTH = 1.25;
const FULL_ROUNDS = 3;
/**
 * It is full as well when this many round trips in a row were this much longer: without it the queue lasts three rounds
 * more.
 */
const QUEUE_SAMPLES = 8;
const QUEUE_ROUND_TRIP = 1.25;
const QUEUE_MARGIN_MS = 4;
/**
 * After this time without a round trip nearly as short as the minimum, that is measured again with nearly nothing in
 * flight.
 */
const MIN_ROUND_TRIP_LIFETIME_MS = 10_000;
/** So does a path that has become longer: round trips that our own queue does not explain, for so many of them. */
const UNEXPLAINED_ROUND_TRIPS = 4;
const PROBE_ROUND_TRIP_MS = 200;
const MIN_ROUND_TRIP_TOLERANCE = 1.05;
/**
 * Round trips in a local network contain turns of an event loop. Over loopback a whole millisecond overran the buffer
 * of the socket (92 packets in Linux): 15 % were lost. With a quarter none are, at 0.95 of the packets of bare
 * node:dgram.
 */
const MIN_ROUND_TRIP_MS = 0.25;
/** Losses above this part, with longer round trips, mean that the path has become narrower; less is chance. */
const FULL_QUEUE_LOSS = 0.05;
const FULL_QUEUE_ROUND_TRIP = 1.5;

/** What knows how large packets are now, in bytes. */
export interface Sized {
  readonly sizeBytes: number;
}

enum Mode {
  Startup = 0,
  Drain = 1,
  ProbeBandwidth = 2,
  ProbeRoundTrip = 3,
}

/**
 * Decides how much is sent, by a model of the path, as BBR does (draft-cardwell-iccrg-bbr-congestion-control): its
 * bandwidth is the highest delivery rate of late, its length the shortest round trip of late. Packets that are lost by
 * chance do not slow it down. It never keeps more than two bandwidth-delay products in flight. Times are in ms, rates
 * in bytes per ms.
 */
export class CongestionController {
  /** How many bytes may be in flight (congestion window). */
  windowBytes = 0;
  /** The pacing rate. */
  bytesPerMs = 0;
  #mode = Mode.Startup;
  readonly #bandwidth = new BandwidthFilter();
  #minRoundTripMs = Number.POSITIVE_INFINITY;
  #minRoundTripSeenMs = 0;
  /** When a round trip was last measured that is no longer than the packets in flight explain. */
  #explainedMs = 0;
  #round = 0;
  #roundEndsAt = 0;
  #roundStart = 0;
  #roundLost = 0;
  #roundStartMs = 0;
  #queueSamples = 0;
  #fullRate = 0;
  #fullRounds = 0;
  #phase = 0;
  #phaseStartMs = 0;
  #probeEndMs = 0;
  #probeMinMs = 0;
  /** The bandwidth-delay product: what the path holds without a queue. */
  #bandwidthDelayBytes = 0;
  readonly #path: Sized;
  readonly #roundTrip: RoundTripEstimator;
  readonly #random: Random;

  constructor(path: Sized, roundTrip: RoundTripEstimator, random: Random) {
    this.#path = path;
    this.#roundTrip = roundTrip;
    this.#random = random;
    this.restart();
  }

  /** Nothing is known of the path, but perhaps its round trip. */
  restart(): void {
    this.windowBytes = INITIAL_PACKETS * this.#path.sizeBytes;
    this.#mode = Mode.Startup;
    this.#bandwidth.reset(0);
    this.#minRoundTripMs = Number.POSITIVE_INFINITY;
    this.#roundLost = 0;
    this.#queueSamples = 0;
    this.#fullRate = 0;
    this.#fullRounds = 0;
    this.#bandwidthDelayBytes = 0;
    this.#start();
  }

  onPacketLost(bytes: number): void {
    this.#roundLost += bytes;
  }

  /** The round trip has been measured anew. */
  onRoundTripSample(nowMs: number): void {
    if (this.#minRoundTripMs === Number.POSITIVE_INFINITY && this.#bandwidth.max === 0) this.#start();
    const roundTripMs = this.#roundTrip.latestMs;
    const isQueued = isLonger(roundTripMs, this.#minRoundTripMs);
    this.#queueSamples = isQueued ? this.#queueSamples + 1 : 0;
    this.#probeMinMs = Math.min(this.#probeMinMs, roundTripMs);
    this.#minRoundTripMs = Math.min(this.#minRoundTripMs, roundTripMs);
    if (!isQueued || !isLonger(roundTripMs, this.#window() / this.#bandwidth.max)) this.#explainedMs = nowMs;
    if (roundTripMs <= MIN_ROUND_TRIP_TOLERANCE * this.#minRoundTripMs) {
      this.#minRoundTripSeenMs = nowMs;
      return;
    }
    const isUnexplained = nowMs > this.#explainedMs + UNEXPLAINED_ROUND_TRIPS * roundTripMs;
    const isOld = nowMs > this.#minRoundTripSeenMs + MIN_ROUND_TRIP_LIFETIME_MS;
    if (this.#mode === Mode.ProbeBandwidth && (isOld || isUnexplained)) {
      this.#mode = Mode.ProbeRoundTrip;
      this.#probeMinMs = roundTripMs;
      this.#probeEndMs = Number.POSITIVE_INFINITY;
    }
  }

  /** An Ack has come, and its delivery rate has been measured. @returns whether it ends a round trip */
  onAckReceived(delivery: DeliveryRate, bytesInFlight: number, nowMs: number): boolean {
    const endsRound = delivery.priorDelivered >= this.#roundEndsAt;
    if (endsRound) this.#endRound(delivery, nowMs);
    const bandwidth = this.#bandwidth;
    // A rate that was measured over less than the shortest round trip is not believed.
    const isBelieved = delivery.rate > 0 && delivery.intervalMs >= this.#minRoundTripMs;
    if (isBelieved && (!delivery.isAppLimited || delivery.rate >= bandwidth.max))
      bandwidth.update(this.#round, delivery);
    this.#updateBandwidthDelay();
    this.#changeMode(bytesInFlight, nowMs);
    this.#decide();
    return endsRound;
  }

  /** Sets the rate before one has been measured. */
  #start(): void {
    this.bytesPerMs = (STARTUP_GAIN * this.windowBytes) / Math.max(this.#roundTrip.latestMs, MIN_ROUND_TRIP_MS);
  }

  #endRound({ delivered, isAppLimited }: DeliveryRate, nowMs: number): void {
    const lostPart = this.#roundLost / Math.max(this.#roundLost + delivered - this.#roundStart, 1);
    const isSlow = this.#roundTrip.latestMs > FULL_QUEUE_ROUND_TRIP * this.#minRoundTripMs;
    const queueIsFull = lostPart > FULL_QUEUE_LOSS && isSlow;
    // The average of the round: single rates are too high where packets are read in bursts, as in a local network.
    if (queueIsFull) this.#bandwidth.reset((delivered - this.#roundStart) / Math.max(nowMs - this.#roundStartMs, 1));
    if (this.#mode === Mode.Startup && !isAppLimited) {
      const { max } = this.#bandwidth;
      if (max >= this.#fullRate * FULL_GROWTH) {
        this.#fullRate = max;
        this.#fullRounds = 0;
      } else {
        this.#fullRounds++;
      }
      if (this.#fullRounds >= FULL_ROUNDS || queueIsFull) this.#mode = Mode.Drain;
    }
    // What was measured before is not forgotten while little is sent.
    if (this.#mode !== Mode.ProbeRoundTrip) this.#round++;
    this.#roundEndsAt = delivered;
    this.#roundStart = delivered;
    this.#roundLost = 0;
    this.#roundStartMs = nowMs;
  }

  #changeMode(bytesInFlight: number, nowMs: number): void {
    if (this.#mode === Mode.Startup && this.#queueSamples >= QUEUE_SAMPLES) this.#mode = Mode.Drain;
    if (this.#mode === Mode.Drain && bytesInFlight <= this.#bandwidthDelayBytes) this.#probeBandwidth(nowMs);
    if (this.#mode === Mode.ProbeRoundTrip) this.#probeRoundTrip(bytesInFlight, nowMs);
    if (this.#mode !== Mode.ProbeBandwidth) return;
    const elapsedMs = nowMs - this.#phaseStartMs;
    const isOver =
      PACING_GAINS[this.#phase] === 0.75
        ? bytesInFlight <= this.#bandwidthDelayBytes || elapsedMs >= MAX_DRAIN_ROUNDS * this.#minRoundTripMs
        : elapsedMs >= this.#minRoundTripMs;
    if (isOver) {
      this.#phase = (this.#phase + 1) % PACING_GAINS.length;
      this.#phaseStartMs = nowMs;
    }
  }

  /** When our own queue is gone, the round trips of the next 200 ms at least give the length of the path. */
  #probeRoundTrip(bytesInFlight: number, nowMs: number): void {
    if (this.#probeEndMs === Number.POSITIVE_INFINITY) {
      if (bytesInFlight <= this.#probeWindowBytes()) {
        this.#probeEndMs = nowMs + Math.max(PROBE_ROUND_TRIP_MS, this.#minRoundTripMs);
      }
    } else if (nowMs >= this.#probeEndMs) {
      this.#minRoundTripMs = this.#probeMinMs;
      this.#minRoundTripSeenMs = nowMs;
      this.#updateBandwidthDelay();
      this.#probeBandwidth(nowMs);
    }
  }

  /** Begins the cycle at a random place, but not where it drains, so that connections do not probe in step. */
  #probeBandwidth(nowMs: number): void {
    this.#mode = Mode.ProbeBandwidth;
    this.#explainedMs = nowMs;
    this.#phase = (2 + Math.floor(this.#random() * (PACING_GAINS.length - 1))) % PACING_GAINS.length;
    this.#phaseStartMs = nowMs;
  }

  #updateBandwidthDelay(): void {
    this.#bandwidthDelayBytes = this.#bandwidth.max * Math.max(this.#minRoundTripMs, MIN_ROUND_TRIP_MS);
  }

  /** What may be in flight while the bandwidth is asked for, in bytes. */
  #window(): number {
    // The other side acknowledges every few packets only: these count as in flight though they have arrived.
    const unanswered = Math.min(this.#bandwidth.max * MAX_ACK_DELAY_MS, ACK_INTERVAL * this.#path.sizeBytes);
    // Few bytes of unreliable messages wait longer. On a short path they would fill a window of twice as much.
    const few = this.#bandwidthDelayBytes + UNRELIABLE_ACK_BYTES + this.#path.sizeBytes;
    const window = Math.max(WINDOW_GAIN * this.#bandwidthDelayBytes, few) + unanswered;
    return Math.max(window, MIN_PACKETS * this.#path.sizeBytes);
  }

  #probeWindowBytes(): number {
    return Math.max(this.#bandwidthDelayBytes / 2, MIN_PACKETS * this.#path.sizeBytes);
  }

  #decide(): void {
    const { max: bandwidth } = this.#bandwidth;
    if (bandwidth === 0 || this.#minRoundTripMs === Number.POSITIVE_INFINITY) return;
    const window = this.#window();
    if (this.#mode === Mode.Startup) {
      this.windowBytes = Math.max(this.windowBytes, window);
      this.bytesPerMs = Math.max(this.bytesPerMs, STARTUP_GAIN * bandwidth);
      return;
    }
    this.windowBytes = this.#mode === Mode.ProbeRoundTrip ? this.#probeWindowBytes() : window;
    this.bytesPerMs = bandwidth;
    if (this.#mode === Mode.Drain) this.bytesPerMs /= STARTUP_GAIN;
    if (this.#mode === Mode.ProbeBandwidth) this.bytesPerMs *= PACING_GAINS[this.#phase] as number;
  }
}

/** Whether a round trip is longer than another one, by more than chance. */
function isLonger(roundTripMs: number, thanMs: number): boolean {
  return roundTripMs > QUEUE_ROUND_TRIP * thanMs + QUEUE_MARGIN_MS;
}
