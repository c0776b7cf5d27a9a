/** How long an object is kept that was adopted or rejected, in ticks: a replay may still ask for it. */
const KEEP_TICKS = 64;

interface PredictedSpawn<Spawned> {
  readonly tick: number;
  readonly order: number;
  readonly kind: object;
  readonly spawned: Spawned;
  isSettled: boolean;
}

/**
 * What a client's steps have spawned before the server did. A spawn is known by its tick and its order within the tick,
 * never by contents. Each is either adopted, when the server's spawn with these numbers comes, or rejected, when the
 * server has used the input without such a spawn. What is of another kind is another object: of another prefab.
 */
export class PredictedSpawns<Spawned> {
  readonly #rejected: (spawned: Spawned) => void;
  readonly #spawns: PredictedSpawn<Spawned>[] = [];

  constructor(rejected: (spawned: Spawned) => void) {
    this.#rejected = rejected;
  }

  /** How many are neither adopted nor rejected. */
  get pendingCount(): number {
    return this.#spawns.reduce((count, { isSettled }) => count + (isSettled ? 0 : 1), 0);
  }

  /** A spawn of the step for `tick` (u32): in a replay the object of the first run, else what `create` makes. */
  spawn(tick: number, order: number, kind: object, create: () => Spawned): Spawned {
    const before = this.#find(tick, order);
    if (before?.kind === kind) return before.spawned;
    const spawned = create();
    const spawn = { tick, order, kind, spawned, isSettled: false };
    if (before) this.#spawns[this.#spawns.indexOf(before)] = spawn;
    else this.#spawns.push(spawn);
    if (before && !before.isSettled) this.#rejected(before.spawned);
    return spawned;
  }

  /** The server's spawn of that tick and order came: the object that goes on as it, null without one. */
  adopt(tick: number, order: number, kind: object): Spawned | null {
    const spawn = this.#find(tick, order);
    if (spawn?.kind !== kind || spawn.isSettled) return null;
    spawn.isSettled = true;
    return spawn.spawned;
  }

  /** The server has used all inputs up to `tick`, and its spawns of them have come. The other ones are rejected. */
  confirm(tick: number): void {
    this.#reject((spawn) => ((tick - spawn.tick) | 0) >= 0);
    const spawns = this.#spawns;
    let kept = 0;
    for (const spawn of spawns) {
      if (!spawn.isSettled || ((tick - spawn.tick) | 0) < KEEP_TICKS) spawns[kept++] = spawn;
    }
    spawns.length = kept;
  }

  /** Whatever is left is rejected, and nothing is replayed any more. */
  end(): void {
    this.#reject(() => true);
    this.#spawns.length = 0;
  }

  #reject(isOver: (spawn: PredictedSpawn<Spawned>) => boolean): void {
    const rejected = this.#spawns.filter((spawn) => !spawn.isSettled && isOver(spawn));
    for (const spawn of rejected) spawn.isSettled = true;
    for (const { spawned } of rejected) this.#rejected(spawned);
  }

  #find(tick: number, order: number): PredictedSpawn<Spawned> | undefined {
    return this.#spawns.find((spawn) => spawn.tick === tick && spawn.order === order);
  }
}
