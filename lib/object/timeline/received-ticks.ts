const REMEMBERED = 256;
/** How far a search goes back. */
const SEARCHED = 64;

/**
 * The ticks of which a client has the whole state. An object that such a state does not name has rested since its last
 * change. It says so of one tick only: what was lost in between is not known.
 */
export class ReceivedTicks {
  /** The newest of them; -1 before the first. */
  newest = -1;
  readonly #ticks = new Float64Array(REMEMBERED).fill(-1);

  /** All packets with the state of `tick` have come, and the server's budget has cut nothing. */
  add(tick: number): void {
    this.#ticks[tick % REMEMBERED] = tick;
    if (tick > this.newest) this.newest = tick;
  }

  /** In the `count` ticks before `tick` there was nothing to send. */
  addBefore(tick: number, count: number): void {
    for (let one = Math.max(tick - Math.min(count, SEARCHED), 0); one < tick; one++) this.add(one);
  }

  has(tick: number): boolean {
    return this.#ticks[tick % REMEMBERED] === tick;
  }

  /** The newest of them after `from` and before `to`, a multiple of `step` before `to`; `from` without any. */
  lastBetween(from: number, to: number, step = 1): number {
    const first = Math.max(from + 1, to - SEARCHED);
    for (let tick = to - step; tick >= first; tick -= step) {
      if (this.has(tick)) return tick;
    }
    return from;
  }

  clear(): void {
    this.newest = -1;
    this.#ticks.fill(-1);
  }
}
