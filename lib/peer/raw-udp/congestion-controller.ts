import type { Random } from "../../random.js";
import { ACK_INTERVAL, MAX_ACK_DELAY_MS } from "../delivery/received-packets.js";
import type { RoundTripEstimator } from "../delivery/round-trip-estimator.js";
import { BandwidthFilter } from "./bandwidth-filter.js";
import type { DeliveryRate } from "./delivery-rate.js";

const INITIAL_PACKETS = 10;
const MIN_PACKETS = 4;
/** Doubles the rate in every round trip: 2 / ln 2. */
const STARTUP_GAIN = 2.885;
const WINDOW_GAIN = 2;
/** Asks for more than is known, gives back what this piled up, and keeps the rate for six round trips. */
const CYCLE_GAINS = [1.25, 0.75, 1, 1, 1, 1, 1, 1];
/** The queue is given as long to drain: a full one of one bandwidth-delay product takes four round trips. */
const MAX_DRAIN_ROUNDS = 5;
/** The way is full when the rate has not grown by a quarter in three round trips. */
const FULL_GROWTH = 1.25;
const FULL_ROUNDS = 3;
/** Or when so many round trips in a row were longer by so much: a queue stands, and would for three rounds more. */
const QUEUE_SAMPLES = 8;
const QUEUE_ROUND_TRIP = 1.25;
const QUEUE_MARGIN_MS = 4;
/**
 * The shortest round trip is looked for anew, with nearly nothing in flight, when none nearly as short was seen for so
 * long.
 */
const SHORTEST_LIFETIME_MS = 10_000;
const SHORTEST_PROBE_MS = 200;
const SHORTEST_TOLERANCE = 1.05;
/**
 * Turns of an event loop are part of a round trip on a local network. Over loopback, a whole millisecond overran the
 * socket's buffer (92 packets in Linux): 15 % were lost; with a quarter none, at 0.95 of the packets of bare
 * node:dgram.
 */
const MIN_ROUND_TRIP_MS = 0.25;
/** Losses above this part, with a queue to be felt, mean that the way has become narrower; less is chance. */
const FULL_QUEUE_LOSS = 0.05;
const FULL_QUEUE_ROUND_TRIP = 1.5;

enum Mode {
  Startup = 0,
  Drain = 1,
  Cruise = 2,
  ProbeRoundTrip = 3,
}

/**
 * Decides how much is sent, from a model of the way, as BBR does (draft-cardwell-iccrg-bbr-congestion-control): its
 * bandwidth is the highest rate of delivery of late, its length the shortest round trip of late. Packets lost by chance
 * do not slow it down; it never keeps more than two bandwidth-delay products in flight. Times in ms, rates in bytes per
 * ms.
 */
export class CongestionController {
  /** Bytes that may be in flight. */
  windowBytes = 0;
  /** The pace of sending. */
  bytesPerMs = 0;
  #mode = Mode.Startup;
  readonly #bandwidth = new BandwidthFilter();
  #shortestMs = Number.POSITIVE_INFINITY;
  #shortestSeenMs = 0;
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
  #probeShortestMs = 0;
  /** What the way holds without a queue. */
  #productBytes = 0;
  readonly #packetBytes: number;
  readonly #roundTrip: RoundTripEstimator;
  readonly #random: Random;

  constructor(maxPacketSize: number, roundTrip: RoundTripEstimator, random: Random) {
    this.#packetBytes = maxPacketSize;
    this.#roundTrip = roundTrip;
    this.#random = random;
    this.windowBytes = INITIAL_PACKETS * maxPacketSize;
    this.#start();
  }

  lost(bytes: number): void {
    this.#roundLost += bytes;
  }

  /** Takes the latest round trip. */
  roundTrip(nowMs: number): void {
    if (this.#shortestMs === Number.POSITIVE_INFINITY && this.#bandwidth.max === 0) this.#start();
    const roundTripMs = this.#roundTrip.latestMs;
    const isQueued = roundTripMs > QUEUE_ROUND_TRIP * this.#shortestMs + QUEUE_MARGIN_MS;
    this.#queueSamples = isQueued ? this.#queueSamples + 1 : 0;
    this.#probeShortestMs = Math.min(this.#probeShortestMs, roundTripMs);
    this.#shortestMs = Math.min(this.#shortestMs, roundTripMs);
    if (roundTripMs <= SHORTEST_TOLERANCE * this.#shortestMs) {
      this.#shortestSeenMs = nowMs;
    } else if (this.#mode === Mode.Cruise && nowMs > this.#shortestSeenMs + SHORTEST_LIFETIME_MS) {
      this.#mode = Mode.ProbeRoundTrip;
      this.#probeShortestMs = roundTripMs;
      this.#probeEndMs = Number.POSITIVE_INFINITY;
    }
  }

  /** Takes an acknowledgement, which has been measured. @returns whether it ends a round trip */
  acknowledged(delivery: DeliveryRate, bytesInFlight: number, nowMs: number): boolean {
    const endsRound = delivery.deliveredBefore >= this.#roundEndsAt;
    if (endsRound) this.#endRound(delivery, nowMs);
    const bandwidth = this.#bandwidth;
    // Nothing measured over less time than the shortest round trip is believed.
    const isBelieved = delivery.rate > 0 && delivery.spanMs >= this.#shortestMs;
    if (isBelieved && (!delivery.isAppLimited || delivery.rate >= bandwidth.max))
      bandwidth.update(this.#round, delivery);
    this.#reckonProduct();
    this.#changeMode(bytesInFlight, nowMs);
    this.#decide();
    return endsRound;
  }

  /** The rate before one has been measured. */
  #start(): void {
    this.bytesPerMs = (STARTUP_GAIN * this.windowBytes) / Math.max(this.#roundTrip.latestMs, MIN_ROUND_TRIP_MS);
  }

  #endRound({ delivered, isAppLimited }: DeliveryRate, nowMs: number): void {
    const lostPart = this.#roundLost / Math.max(this.#roundLost + delivered - this.#roundStart, 1);
    const isSlow = this.#roundTrip.latestMs > FULL_QUEUE_ROUND_TRIP * this.#shortestMs;
    const queueIsFull = lostPart > FULL_QUEUE_LOSS && isSlow;
    // What arrived on average: single rates are too high where packets are read in bursts, as on a local network.
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
    this.#round++;
    this.#roundEndsAt = delivered;
    this.#roundStart = delivered;
    this.#roundLost = 0;
    this.#roundStartMs = nowMs;
  }

  #changeMode(bytesInFlight: number, nowMs: number): void {
    if (this.#mode === Mode.Startup && this.#queueSamples >= QUEUE_SAMPLES) this.#mode = Mode.Drain;
    if (this.#mode === Mode.Drain && bytesInFlight <= this.#productBytes) this.#cruise(nowMs);
    if (this.#mode === Mode.ProbeRoundTrip) this.#probeRoundTrip(bytesInFlight, nowMs);
    if (this.#mode !== Mode.Cruise) return;
    const elapsedMs = nowMs - this.#phaseStartMs;
    const isOver =
      CYCLE_GAINS[this.#phase] === 0.75
        ? bytesInFlight <= this.#productBytes || elapsedMs >= MAX_DRAIN_ROUNDS * this.#shortestMs
        : elapsedMs >= this.#shortestMs;
    if (isOver) {
      this.#phase = (this.#phase + 1) % CYCLE_GAINS.length;
      this.#phaseStartMs = nowMs;
    }
  }

  /** Once the queue of our own is gone, what is measured for a while is the way's length. */
  #probeRoundTrip(bytesInFlight: number, nowMs: number): void {
    if (this.#probeEndMs === Number.POSITIVE_INFINITY) {
      if (bytesInFlight <= this.#probeWindowBytes) {
        this.#probeEndMs = nowMs + Math.max(SHORTEST_PROBE_MS, this.#shortestMs);
      }
    } else if (nowMs >= this.#probeEndMs) {
      this.#shortestMs = this.#probeShortestMs;
      this.#shortestSeenMs = nowMs;
      this.#reckonProduct();
      this.#cruise(nowMs);
    }
  }

  /** Begins the cycle anywhere but at its draining phase, so that connections do not probe in step. */
  #cruise(nowMs: number): void {
    this.#mode = Mode.Cruise;
    this.#phase = (2 + Math.floor(this.#random() * (CYCLE_GAINS.length - 1))) % CYCLE_GAINS.length;
    this.#phaseStartMs = nowMs;
  }

  #reckonProduct(): void {
    this.#productBytes = this.#bandwidth.max * Math.max(this.#shortestMs, MIN_ROUND_TRIP_MS);
  }

  get #probeWindowBytes(): number {
    return Math.max(this.#productBytes / 2, MIN_PACKETS * this.#packetBytes);
  }

  #decide(): void {
    const { max: bandwidth } = this.#bandwidth;
    if (bandwidth === 0 || this.#shortestMs === Number.POSITIVE_INFINITY) return;
    // The other side answers every few packets only: these are in flight though they have arrived.
    const unanswered = Math.min(bandwidth * MAX_ACK_DELAY_MS, ACK_INTERVAL * this.#packetBytes);
    const window = Math.max(WINDOW_GAIN * this.#productBytes + unanswered, MIN_PACKETS * this.#packetBytes);
    if (this.#mode === Mode.Startup) {
      this.windowBytes = Math.max(this.windowBytes, window);
      this.bytesPerMs = Math.max(this.bytesPerMs, STARTUP_GAIN * bandwidth);
      return;
    }
    this.windowBytes = this.#mode === Mode.ProbeRoundTrip ? this.#probeWindowBytes : window;
    this.bytesPerMs = bandwidth;
    if (this.#mode === Mode.Drain) this.bytesPerMs /= STARTUP_GAIN;
    if (this.#mode === Mode.Cruise) this.bytesPerMs *= CYCLE_GAINS[this.#phase] as number;
  }
}
