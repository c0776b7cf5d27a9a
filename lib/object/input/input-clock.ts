import { RecentValues } from "../collections/recent-values.js";

/** How far the clock may be off before it jumps. */
const JUMP_TICKS = 10;
const MAX_SPEED_CHANGE = 0.05;
/** An input is in time if its packet is not among the slowest 2 %: the ones behind it repeat it anyway. */
const IN_TIME_PART = 0.98;
const WINDOW_MS = 1500;
/** Of how many inputs the clock remembers when they were made. */
const REMEMBERED = 256;

/** How many ticks before its use an input should arrive, beyond what jitter takes. */
function reserveTicks(loss: number): number {
  if (loss >= HEAVY_LOSS) return 1.5;
  return loss >= 0.01 ? 1 : 0.5;
}

/** From this loss on, the packets behind the first one often have to bring the input. */
const HEAVY_LOSS = 0.1;
/** The reserve grows until no more inputs than this are missed, by up to one tick. */
const MISSED_PART = 0.015;
const RESERVE_STEP = 0.25;
/** So many packets hold an input. */
export const PACKETS = 4;

/**
 * A client's clock for its inputs. It runs ahead of the server, so that the input for a tick is there when the server
 * simulates that tick. The server reports how early inputs come.
 *
 * Time here is counted in ticks of this side's clock. The lead says how far the tick of an input is ahead of that; a
 * report says what lead would have brought that input just in time.
 */
export class InputClock {
  /** The part of packets to the server that is lost, 0 to 1. */
  loss = 0;
  readonly #tickMs: number;
  readonly #neededLeads: RecentValues;
  readonly #leadOf = new Float64Array(REMEMBERED);
  readonly #tickOf = new Float64Array(REMEMBERED).fill(-1);
  #lead = 0;
  #wanted = 0;
  #isWantedKnown = false;
  #lastMs = 0;
  #lastTick = 0;

  constructor(ticksPerSecond: number) {
    this.#tickMs = 1000 / ticksPerSecond;
    this.#neededLeads = new RecentValues(Math.ceil(WINDOW_MS / this.#tickMs));
  }

  /** The tick of the last input (u32). */
  get tick(): number {
    return this.#lastTick >>> 0;
  }

  /**
   * Starts with an estimate, until reports come: the server is in tick `serverTick` (with a fraction) now, and packets
   * take `oneWayMs` to it.
   */
  start(nowMs: number, serverTick: number, oneWayMs: number): void {
    const first = serverTick + oneWayMs / this.#tickMs + 1;
    this.#lead = first - nowMs / this.#tickMs;
    this.#lastMs = nowMs;
    this.#lastTick = Math.floor(first);
    this.#neededLeads.clear();
    this.#isWantedKnown = false;
    this.#tickOf.fill(-1);
  }

  /**
   * Goes on to `nowMs`. Returns for how many ticks inputs are due, the last of them for `tick`; after a pause or a jump
   * older ones are left out.
   */
  advance(nowMs: number): number {
    const elapsedTicks = Math.max(0, nowMs - this.#lastMs) / this.#tickMs;
    this.#lastMs = nowMs;
    if (this.#neededLeads.count > 0) {
      const error = this.#wantedLead() - this.#lead;
      const most = Math.abs(error) > JUMP_TICKS ? Number.POSITIVE_INFINITY : MAX_SPEED_CHANGE * elapsedTicks;
      this.#lead += Math.min(Math.max(error, -most), most);
    }
    const tick = Math.floor(nowMs / this.#tickMs + this.#lead);
    const due = Math.min(tick - this.#lastTick, JUMP_TICKS);
    if (due <= 0) return 0;
    this.#lastTick = tick;
    for (let before = 0; before < due; before++) {
      const place = (tick - before) & (REMEMBERED - 1);
      this.#tickOf[place] = (tick - before) >>> 0;
      this.#leadOf[place] = tick - before - nowMs / this.#tickMs;
    }
    return due;
  }

  #wantedLead(): number {
    if (!this.#isWantedKnown) {
      const least = this.#neededLeads.percentile(IN_TIME_PART) + reserveTicks(this.loss);
      let lead = least;
      if (this.loss >= HEAVY_LOSS)
        while (lead < least + 1 && this.#missedPart(lead) > MISSED_PART) lead += RESERVE_STEP;
      this.#wanted = lead;
      this.#isWantedKnown = true;
    }
    return this.#wanted;
  }

  /** The part of inputs with this lead of which all packets are lost or late. */
  #missedPart(lead: number): number {
    let part = 1;
    for (let behind = 0; behind < PACKETS; behind++) {
      part *= this.loss + (1 - this.loss) * this.#neededLeads.partAbove(lead - behind);
    }
    return part;
  }

  /** How far the time of inputs is from the last tick to the next one: 0 to 1. */
  partAt(nowMs: number): number {
    return Math.min(Math.max(nowMs / this.#tickMs + this.#lead - this.#lastTick, 0), 1);
  }

  /** How long it is until the next input is due. */
  msUntilNext(nowMs: number): number {
    return Math.max((this.#lastTick + 1 - this.#lead) * this.#tickMs - nowMs, 0);
  }

  /** The server reports that the packet whose newest input is for `tick` came `earlyTicks` before its use. */
  report(tick: number, earlyTicks: number): void {
    const place = tick & (REMEMBERED - 1);
    this.#isWantedKnown = false;
    if (this.#tickOf[place] === tick) this.#neededLeads.add((this.#leadOf[place] as number) - earlyTicks);
  }
}
