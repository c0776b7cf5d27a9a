/** Spawns of one tick at most; more are refused. */
const MAX_SPAWNS = 256;

/** How long an object is kept that was adopted or rejected, in ticks: a replay may still ask for it. */
const KEEP_TICKS = 64;

interface PredictedSpawn<Spawned> {
  readonly tick: number;
  readonly order: number;
  readonly spawned: Spawned;
  isSettled: boolean;
}

/**
 * What a client's steps have spawned before the server did. A spawn is known by its tick and its order within the tick,
 * never by contents. Each is either adopted, when the server's spawn with these numbers comes, or rejected, when the
 * server has used the input without such a spawn.
 */
export class PredictedSpawns<Spawned> {
  readonly #rejected: (spawned: Spawned) => void;
  readonly #spawns: PredictedSpawn<Spawned>[] = [];
  #tick = 0;
  #nextOrder = 0;

  constructor(rejected: (spawned: Spawned) => void) {
    this.#rejected = rejected;
  }

  /** How many are neither adopted nor rejected. */
  get pendingCount(): number {
    return this.#spawns.reduce((count, { isSettled }) => count + (isSettled ? 0 : 1), 0);
  }

  /** The step for `tick` (u32) begins, the first time or in a replay. */
  beginStep(tick: number): void {
    this.#tick = tick;
    this.#nextOrder = 0;
  }

  /** The next spawn of the step: in a replay the object of the first run, else what `create` makes. */
  spawn(create: () => Spawned): Spawned {
    const order = this.#nextOrder++;
    if (order >= MAX_SPAWNS) throw new RangeError(`a step may spawn ${MAX_SPAWNS} objects at most`);
    const before = this.#find(this.#tick, order);
    if (before) return before.spawned;
    const spawned = create();
    this.#spawns.push({ tick: this.#tick, order, spawned, isSettled: false });
    return spawned;
  }

  /** The server's spawn of that tick and order came: the object that goes on as it, `undefined` without one. */
  adopt(tick: number, order: number): Spawned | undefined {
    const spawn = this.#find(tick, order);
    if (!spawn || spawn.isSettled) return undefined;
    spawn.isSettled = true;
    return spawn.spawned;
  }

  /** The server has used all inputs up to `tick`, and its spawns of them have come. The other ones are rejected. */
  confirm(tick: number): void {
    const spawns = this.#spawns;
    const rejected = spawns.filter((spawn) => !spawn.isSettled && ((tick - spawn.tick) | 0) >= 0);
    for (const spawn of rejected) spawn.isSettled = true;
    let kept = 0;
    for (const spawn of spawns) {
      if (!spawn.isSettled || ((tick - spawn.tick) | 0) < KEEP_TICKS) spawns[kept++] = spawn;
    }
    spawns.length = kept;
    for (const { spawned } of rejected) this.#rejected(spawned);
  }

  /** The prediction ends: whatever is left is rejected. */
  end(): void {
    const pending = this.#spawns.filter(({ isSettled }) => !isSettled);
    this.#spawns.length = 0;
    for (const { spawned } of pending) this.#rejected(spawned);
  }

  #find(tick: number, order: number): PredictedSpawn<Spawned> | undefined {
    return this.#spawns.find((spawn) => spawn.tick === tick && spawn.order === order);
  }
}
