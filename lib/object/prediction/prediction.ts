/** How many ticks are remembered, and how many inputs are replayed at most after a correction. */
export const REMEMBERED_TICKS = 64;
export const MAX_REPLAYED_TICKS = 32;

/** What a prediction needs of the behaviour that it controls. Its predicted members are numbers. */
export interface PredictedBehaviour<Input> {
  /** How many numbers each predicted member is. */
  readonly widths: readonly number[];
  get(values: Float64Array): void;
  set(values: Float64Array): void;
  /** Whether a member, whose first number is at `first`, has the predicted values if the server has these. */
  isSame(member: number, first: number, predicted: Float64Array, values: Float64Array): boolean;
  /** Goes on by one tick. In a replay its effects, such as sounds, were there before. */
  step(input: Input, tick: number, isReplay: boolean): void;
}

/**
 * Runs a client's inputs at once, and again from what the server says where that differs from what was predicted for
 * the same tick.
 */
export class Prediction<Input> {
  /** How many times the server's values differed from those that were predicted for their tick. */
  corrections = 0;
  readonly #behaviour: PredictedBehaviour<Input>;
  readonly #corrected: (before: Float64Array, after: Float64Array) => void;
  readonly #inputs: (Input | undefined)[] = new Array(REMEMBERED_TICKS).fill(undefined);
  readonly #ticks = new Float64Array(REMEMBERED_TICKS).fill(-1);
  /** The values after each tick. */
  readonly #values: Float64Array[];
  readonly #before: Float64Array;
  readonly #after: Float64Array;
  #lastTick = 0;
  #confirmedTick: number | null = null;

  /** @param corrected - told of each correction: the present values before it and after it */
  constructor(
    behaviour: PredictedBehaviour<Input>,
    corrected: (before: Float64Array, after: Float64Array) => void = () => {},
  ) {
    this.#behaviour = behaviour;
    this.#corrected = corrected;
    const columns = behaviour.widths.reduce((sum, width) => sum + width, 0);
    const values = () => new Float64Array(columns);
    this.#values = Array.from({ length: REMEMBERED_TICKS }, values);
    this.#before = values();
    this.#after = values();
  }

  /** The input for `tick` (u32), which comes after the last one, is used. */
  predict(tick: number, input: Input): void {
    this.#lastTick = tick;
    this.#inputs[tick % REMEMBERED_TICKS] = input;
    this.#run(tick, input, false);
  }

  /**
   * The server has simulated `tick`, and the members have these `values` after it. Older news than the last is ignored.
   * Returns whether the members were set to them, because something else or nothing was predicted for that tick.
   *
   * @param isExact - the values have lost nothing on their way: what differs by less than a step is set as well, or it
   *   would grow. That is no correction
   */
  confirm(tick: number, values: Float64Array, isExact = false): boolean {
    if (this.#confirmedTick !== null && ((tick - this.#confirmedTick) | 0) <= 0) return false;
    this.#confirmedTick = tick;
    const isAsPredicted = this.#isAsPredicted(tick, values);
    if (isAsPredicted && (!isExact || this.#isEqual(tick, values))) return false;
    if (!isAsPredicted && this.#ticks[tick % REMEMBERED_TICKS] === tick) this.corrections++;
    this.#behaviour.get(this.#before);
    this.#behaviour.set(isExact ? values : this.#merged(tick, values));
    this.#remember(tick);
    const pending = (this.#lastTick - tick) | 0;
    if (pending < 0) this.#lastTick = tick;
    for (let ahead = Math.min(pending, MAX_REPLAYED_TICKS) - 1; ahead >= 0; ahead--) {
      const replayed = (this.#lastTick - ahead) >>> 0;
      const place = replayed % REMEMBERED_TICKS;
      const input = this.#inputs[place];
      // What the server has confirmed ahead of the inputs has none.
      if (this.#ticks[place] === replayed && input !== undefined) this.#run(replayed, input, true);
    }
    this.#behaviour.get(this.#after);
    this.#corrected(this.#before, this.#after);
    return true;
  }

  /** Sets the members to what they were after the last tick. */
  restore(): void {
    this.#behaviour.set(this.#values[this.#lastTick % REMEMBERED_TICKS] as Float64Array);
  }

  /**
   * The value between the last two ticks, for drawing between them.
   * @param part - 0 at the tick before the last one, 1 at the last one
   */
  valueBetween(column: number, part: number, period = 0): number {
    const last = this.#values[this.#lastTick % REMEMBERED_TICKS]?.[column] as number;
    const previousTick = (this.#lastTick - 1) >>> 0;
    if (this.#ticks[previousTick % REMEMBERED_TICKS] !== previousTick) return last;
    const previous = this.#values[previousTick % REMEMBERED_TICKS]?.[column] as number;
    let difference = last - previous;
    if (period !== 0) difference -= period * Math.round(difference / period);
    return previous + difference * part;
  }

  #run(tick: number, input: Input, isReplay: boolean): void {
    this.#behaviour.step(input, tick, isReplay);
    this.#remember(tick);
  }

  /** The present values are those after `tick`. */
  #remember(tick: number): void {
    const place = tick % REMEMBERED_TICKS;
    this.#ticks[place] = tick;
    this.#behaviour.get(this.#values[place] as Float64Array);
  }

  /** The server's values. Members that are as predicted stay exact: the server's have lost something on their way. */
  #merged(tick: number, values: Float64Array): Float64Array {
    const merged = this.#after;
    merged.set(values);
    const place = tick % REMEMBERED_TICKS;
    if (this.#ticks[place] !== tick) return merged;
    const { widths } = this.#behaviour;
    const predicted = this.#values[place] as Float64Array;
    let first = 0;
    for (let member = 0; member < widths.length; member++) {
      const end = first + (widths[member] as number);
      if (this.#behaviour.isSame(member, first, predicted, values)) {
        for (let column = first; column < end; column++) merged[column] = predicted[column] as number;
      }
      first = end;
    }
    return merged;
  }

  #isEqual(tick: number, values: Float64Array): boolean {
    const predicted = this.#values[tick % REMEMBERED_TICKS] as Float64Array;
    for (let column = 0; column < values.length; column++) {
      if (!Object.is(predicted[column], values[column])) return false;
    }
    return true;
  }

  #isAsPredicted(tick: number, values: Float64Array): boolean {
    const place = tick % REMEMBERED_TICKS;
    if (this.#ticks[place] !== tick) return false;
    const { widths } = this.#behaviour;
    const predicted = this.#values[place] as Float64Array;
    let first = 0;
    for (let member = 0; member < widths.length; member++) {
      if (!this.#behaviour.isSame(member, first, predicted, values)) return false;
      first += widths[member] as number;
    }
    return true;
  }
}
