import type { Clock } from "../../clock.js";
import type { TickTimes } from "./server-time.js";

/** After a pause so many missed ticks are run; more are only counted. */
const MAX_CATCH_UP = 5;

/** Calls `run` at a fixed rate without drift: each tick has its own time, however late the one before was. */
export class TickLoop {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #run: (ticks: number) => void;
  #nextMs: number;
  #timer: unknown;
  #isStopped = false;

  /** @param run gets the number of ticks since its last call: 1, or more after a long pause */
  constructor(clock: Clock, ticksPerSecond: number, run: (ticks: number) => void) {
    this.#clock = clock;
    this.#intervalMs = 1000 / ticksPerSecond;
    this.#run = run;
    this.#nextMs = clock.now() + this.#intervalMs;
    this.#wait();
  }

  stop(): void {
    this.#isStopped = true;
    this.#clock.clearTimeout(this.#timer);
  }

  #wait(): void {
    if (this.#isStopped) return;
    this.#timer = this.#clock.setTimeout(() => this.#onTimer(), Math.max(this.#nextMs - this.#clock.now(), 0));
  }

  #onTimer(): void {
    const now = this.#clock.now();
    const due = Math.floor((now - this.#nextMs) / this.#intervalMs + 1e-9) + 1;
    const skipped = Math.max(due - MAX_CATCH_UP, 0);
    for (let index = 0; index < due - skipped && !this.#isStopped; index++) this.#run(index === 0 ? skipped + 1 : 1);
    this.#nextMs += Math.max(due, 0) * this.#intervalMs;
    this.#wait();
  }
}

/** Tick loops by their rate, so that servers of one rate share a timer. */
export class TickLoops {
  readonly #clock: Clock;
  readonly #loops = new Map<number, { loop: TickLoop; runs: Set<(ticks: number) => void> }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param run see {@link TickLoop} @returns ends it */
  add(ticksPerSecond: number, run: (ticks: number) => void): () => void {
    let entry = this.#loops.get(ticksPerSecond);
    if (!entry) {
      const runs = new Set<(ticks: number) => void>();
      const runAll = (ticks: number) => {
        for (const one of runs) one(ticks);
      };
      entry = { loop: new TickLoop(this.#clock, ticksPerSecond, runAll), runs };
      this.#loops.set(ticksPerSecond, entry);
    }
    const { loop, runs } = entry;
    runs.add(run);
    return () => {
      if (!runs.delete(run) || runs.size > 0) return;
      loop.stop();
      this.#loops.delete(ticksPerSecond);
    };
  }
}

/** The tick at the end of a turn in which something has come. It takes as long as that turn. */
export class TurnTick {
  readonly #times: TickTimes;
  readonly #onTurnEnd: () => void;
  #isPlanned = false;

  constructor(times: TickTimes, run: () => void) {
    this.#times = times;
    this.#onTurnEnd = () => {
      this.#isPlanned = false;
      run();
      times.end();
    };
  }

  plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#times.begin();
    queueMicrotask(this.#onTurnEnd);
  }
}
