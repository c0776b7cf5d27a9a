import { NetworkError } from "../../network-error.js";
import { grownInts } from "../collections/int-array.js";
import type { History } from "./history.js";

const MAX_REWIND_MS = 500;
const TOLERANCE_MS = 50;

/** Gets and sets the interpolated members of objects, as the numbers that their `History` has. */
export interface RewindTarget {
  get(item: number, values: Float64Array): void;
  /** @param isExact these are the values that it had before */
  set(item: number, values: Float64Array, isExact: boolean): void;
}

/** What is known of a player's connection. */
export interface ViewLimits {
  readonly ticksPerSecond: number;
  readonly roundTripTimeMs: number;
  /** How much later than states come the player shows them, and how much later than it comes its deed is used. */
  readonly delayMs: number;
}

/**
 * The time that a client may say it showed, in ticks with a fraction: no later than `serverTick`, and no longer ago
 * than its round trip, its delay and 50 ms, 500 ms at most.
 */
export function limitViewTick(viewTick: number, serverTick: number, limits: ViewLimits): number {
  const mostMs = Math.min(limits.roundTripTimeMs + limits.delayMs + TOLERANCE_MS, MAX_REWIND_MS);
  const earliest = serverTick - (mostMs / 1000) * limits.ticksPerSecond;
  return viewTick >= earliest ? Math.min(viewTick, serverTick) : viewTick < earliest ? earliest : serverTick;
}

/** Sets objects to what a player saw, for the time of a function. */
export class Rewind {
  readonly #history: History;
  readonly #target: RewindTarget;
  /** The present values of the objects, one behind the other. */
  #saved = new Float64Array(64);
  /** How many values of each object are saved. The function may remove objects. */
  #savedColumns = new Int32Array(0);
  #values = new Float64Array(16);
  #isRewound = false;

  constructor(history: History, target: RewindTarget) {
    this.#history = history;
    this.#target = target;
  }

  /**
   * Sets the first `count` of `items` to what a client showed at its time of `ticks` (with a fraction), calls `look`,
   * and restores them, also when `look` throws. Returns what `look` returned.
   * @throws NetworkError `ERR_REWIND` inside a `look`, and if `look` returns a promise
   */
  look<Result>(items: ArrayLike<number>, ticks: ArrayLike<number>, count: number, look: () => Result): Result {
    if (this.#isRewound) throw new NetworkError("ERR_REWIND", "rewind was called inside the function of a rewind");
    this.#isRewound = true;
    this.#savedColumns = grownInts(this.#savedColumns, count);
    let done = 0;
    let result: Result;
    try {
      for (let at = 0; done < count; done++) {
        at = this.#rewind(done, items[done] as number, ticks[done] as number, at);
      }
      result = look();
    } finally {
      this.#restore(items, done);
      this.#isRewound = false;
    }
    if (isPromise(result)) {
      // Nobody else hears of its rejection.
      result.then(undefined, () => {});
      throw new NetworkError("ERR_REWIND", "the function of a rewind returned a promise: it must be synchronous");
    }
    return result;
  }

  /** Saves the present values at `at`, and sets the old ones. Returns where the next object's are saved. */
  #rewind(index: number, item: number, tick: number, at: number): number {
    const columns = this.#history.columnsOf(item);
    this.#savedColumns[index] = columns;
    if (columns === 0) return at;
    this.#saved = withLength(this.#saved, at + columns);
    this.#values = withLength(this.#values, columns);
    const values = this.#values;
    this.#target.get(item, values);
    for (let column = 0; column < columns; column++) this.#saved[at + column] = values[column] as number;
    if (this.#history.read(item, tick, values)) this.#target.set(item, values, false);
    return at + columns;
  }

  #restore(items: ArrayLike<number>, count: number): void {
    const values = this.#values;
    let at = 0;
    for (let index = 0; index < count; index++) {
      const item = items[index] as number;
      const columns = this.#savedColumns[index] as number;
      for (let column = 0; column < columns; column++) values[column] = this.#saved[at + column] as number;
      if (columns > 0 && this.#history.columnsOf(item) === columns) this.#target.set(item, values, true);
      at += columns;
    }
  }
}

function withLength(array: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  if (length <= array.length) return array;
  const longer = new Float64Array(Math.max(length, 2 * array.length));
  longer.set(array);
  return longer;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}
