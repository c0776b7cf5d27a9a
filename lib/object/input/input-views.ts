import { HELD_INPUTS } from "./input-buffer.js";
import { PACKETS } from "./input-clock.js";

/** What a client showed when it gave each of its inputs: the same until its next frame. */
export class InputViews {
  /** Of the input that `find` was called for: how many ticks behind its tick the view was; 0 if nothing was shown. */
  behind = 0;
  /** How many ticks that input was there before its use. */
  waited = 0;
  readonly #ticks = new Float64Array(HELD_INPUTS).fill(-1);
  readonly #behind = new Float64Array(HELD_INPUTS);
  readonly #arrivals = new Float64Array(HELD_INPUTS);

  /** The packet whose newest input is for `tick` (u32) says how far behind its view was. `serverTick` can use it. */
  note(tick: number, behind: number, serverTick: number): void {
    const place = tick & (HELD_INPUTS - 1);
    if (this.#ticks[place] === tick) return;
    this.#ticks[place] = tick;
    this.#behind[place] = behind;
    this.#arrivals[place] = serverTick;
  }

  /** Finds what the packet of the input for `tick` said; where that is lost, one behind it, which holds it as well. */
  find(tick: number): void {
    for (let later = 0; later < PACKETS; later++) {
      const place = (tick + later) & (HELD_INPUTS - 1);
      if (this.#ticks[place] !== (tick + later) >>> 0) continue;
      this.behind = this.#behind[place] as number;
      this.waited = Math.max((tick - (this.#arrivals[place] as number)) | 0, 0);
      return;
    }
  }
}
