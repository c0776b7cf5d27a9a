import type { Codec, NetworkReader } from "../../serialization/index.js";

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
  /** How many ticks had no input of their own, after the first that had one. */
  missing = 0;
  /** The tick of the last input that came in time for its own tick; null before. */
  lastUsedTick: number | null = null;
  readonly #codec: Codec<Input>;
  readonly #default: Input;
  readonly #repeatTicks: number;
  readonly #inputs: Input[];
  readonly #ticks = new Float64Array(HELD_INPUTS).fill(-1);
  /** What nobody wants is read into this. */
  #spare: Input;
  #last: Input;
  #repeated = 0;
  #reportTick = -1;
  #reportEarlyTicks = 0;

  constructor(ticksPerSecond: number, codec: Codec<Input>) {
    this.#codec = codec;
    this.#default = this.#last = codec.default();
    this.#spare = codec.default();
    this.#inputs = Array.from({ length: HELD_INPUTS }, () => codec.default());
    this.#repeatTicks = Math.ceil((REPEAT_MS * ticksPerSecond) / 1000);
  }

  /**
   * Reads the input for `tick` (u32). `nextTick` is the tick that `take` is called for next.
   * Returns false if it is too late, too early, or there already.
   *
   * @throws NetworkError as `Codec.read`
   */
  read(tick: number, nextTick: number, reader: NetworkReader): boolean {
    const ahead = (tick - nextTick) | 0;
    const place = tick & (HELD_INPUTS - 1);
    const isKnown = this.#ticks[place] === tick;
    if (ahead >= 0 && ahead < HELD_INPUTS && !isKnown) {
      this.#inputs[place] = this.#read(reader, this.#inputs[place] as Input);
      this.#ticks[place] = tick;
      return true;
    }
    // Each is sent four times: those that came before are not late.
    if (!isKnown && (ahead >= 0 || this.#isTooLate(tick))) this.dropped++;
    this.#spare = this.#read(reader, this.#spare);
    return false;
  }

  #read(reader: NetworkReader, into: Input): Input {
    const { readInto, read } = this.#codec;
    return readInto ? readInto(reader, into) : read(reader);
  }

  /** Whether no input of this tick, or of a later one, was there in time. */
  #isTooLate(tick: number): boolean {
    return this.lastUsedTick === null || ((tick - this.lastUsedTick) | 0) > 0;
  }

  /** The input for `tick`: its own, or the last one for 200 ms, then a default one. */
  take(tick: number): Input {
    const place = tick & (HELD_INPUTS - 1);
    if (this.#ticks[place] === tick) {
      this.#ticks[place] = -1;
      this.#last = this.#inputs[place] as Input;
      this.#repeated = 0;
      this.lastUsedTick = tick;
      return this.#last;
    }
    if (this.lastUsedTick === null) return this.#default;
    this.missing++;
    if (++this.#repeated <= this.#repeatTicks) return this.#last;
    return this.#default;
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

  /** Another behaviour: what is held is dropped. */
  clear(): void {
    this.#ticks.fill(-1);
    this.#repeated = 0;
    this.lastUsedTick = null;
    this.#reportTick = -1;
  }
}
