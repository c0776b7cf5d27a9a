/** So many things may wait. Of more the oldest one happens at once. */
const MAX_WAITING = 4096;

interface Waiting {
  readonly tick: number;
  /** What it belongs to. */
  readonly owner: object;
  readonly run: () => void;
}

/** What waits until the time that is shown has come to its tick: calls and listeners with `at: "shown"`. */
export class ShownQueue {
  #waiting: Waiting[] = [];

  /** `run` does not throw. */
  add(tick: number, owner: object, run: () => void): void {
    if (this.#waiting.length === MAX_WAITING) this.#waiting.shift()?.run();
    this.#waiting.push({ tick, owner, run });
  }

  /** The time shown is `shownTick` now. */
  update(shownTick: number): void {
    if (this.#waiting.length > 0) this.#runUntil(shownTick);
  }

  #runUntil(shownTick: number): void {
    this.#run(({ tick }) => ((tick - Math.floor(shownTick)) | 0) <= 0);
  }

  /** `owner` goes: what waits of it is not to be lost. */
  gone(owner: object): void {
    this.#run((waiting) => waiting.owner === owner);
  }

  /** The time that was shown ends. */
  runAll(): void {
    this.#run(() => true);
  }

  /** In the order in which they came. What they add waits. */
  #run(isDue: (waiting: Waiting) => boolean): void {
    if (this.#waiting.length === 0) return;
    const due: Waiting[] = [];
    const left: Waiting[] = [];
    for (const waiting of this.#waiting) (isDue(waiting) ? due : left).push(waiting);
    this.#waiting = left;
    for (const { run } of due) run();
  }
}
