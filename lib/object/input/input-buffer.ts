/** How many inputs of a player are held at most: those for the next 64 ticks. */
export const HELD_INPUTS = 64;

/** How long the last input is used again when the next ones are missing. */
const REPEAT_MS = 200;

/**
 * A player's inputs on the server. Each is for one tick and is used in that tick only, so a player gains nothing by
 * sending more of them, and an input that is late is not used at all.
 */
export class InputBuffer<Input> {
  /** How many inputs were too late or too early. */
  dropped = 0;
  /** How many ticks had no input of their own. */
  missing = 0;
  /** The tick of the last input that came in time for its own tick; null before. */
  lastUsedTick: number | null = null;
  readonly #defaultInput: () => Input;
  readonly #repeatTicks: number;
  readonly #inputs: (Input | undefined)[] = new Array(HELD_INPUTS).fill(undefined);
  readonly #ticks = new Float64Array(HELD_INPUTS).fill(-1);
  #last: Input | undefined;
  #repeated = 0;
  #reportTick = -1;
  #reportEarlyTicks = 0;

  constructor(ticksPerSecond: number, defaultInput: () => Input) {
    this.#defaultInput = defaultInput;
    this.#repeatTicks = Math.ceil((REPEAT_MS * ticksPerSecond) / 1000);
  }

  /**
   * Takes the input for `tick` (u32). `nextTick` is the tick that `take` is called for next.
   * Returns false if it is too late, too early, or there already.
   */
  add(tick: number, input: Input, nextTick: number): boolean {
    const ahead = (tick - nextTick) | 0;
    if (ahead < 0 || ahead >= HELD_INPUTS) {
      this.dropped++;
      return false;
    }
    const place = tick & (HELD_INPUTS - 1);
    if (this.#ticks[place] === tick) return false;
    this.#ticks[place] = tick;
    this.#inputs[place] = input;
    return true;
  }

  /** The input for `tick`: its own, or the last one for 200 ms, then a default one. */
  take(tick: number): Input {
    const place = tick & (HELD_INPUTS - 1);
    const input = this.#inputs[place];
    this.#inputs[place] = undefined;
    if (this.#ticks[place] === tick) {
      this.#ticks[place] = -1;
      this.#last = input;
      this.#repeated = 0;
      this.lastUsedTick = tick;
      return input as Input;
    }
    this.missing++;
    if (this.lastUsedTick !== null && ++this.#repeated <= this.#repeatTicks) return this.#last as Input;
    this.#last = undefined;
    return this.#defaultInput();
  }

  /** A packet whose newest input is for `tick` came when the server was at `serverTick` (with a fraction). */
  noteArrival(tick: number, serverTick: number): void {
    const whole = Math.floor(serverTick);
    const earlyTicks = ((tick - whole) | 0) - (serverTick - whole);
    if (this.#reportTick >= 0 && earlyTicks >= this.#reportEarlyTicks) return;
    this.#reportTick = tick;
    this.#reportEarlyTicks = earlyTicks;
  }

  /** Calls `send` with the latest of the packets since the last call, for the client's `InputClock`. */
  takeReport(send: (tick: number, earlyTicks: number) => void): void {
    if (this.#reportTick < 0) return;
    send(this.#reportTick, this.#reportEarlyTicks);
    this.#reportTick = -1;
  }

  /** Another behaviour or owner: what is held is dropped. */
  clear(): void {
    this.#inputs.fill(undefined);
    this.#ticks.fill(-1);
    this.#last = undefined;
    this.#repeated = 0;
    this.lastUsedTick = null;
    this.#reportTick = -1;
  }
}
