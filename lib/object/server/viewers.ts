import type { ObjectPlayer } from "./object-player.js";

/**
 * Players that see the same objects. Sets with the same players are one object, so that what changes for them is
 * written once. It also has a place for the changes of a tick that its players see.
 */
export class Viewers {
  /** The tick of what follows, which lies side by side in memory. */
  tick = -1;
  /** The first and the last of the tick's changes in the order of their coming. */
  first = -1;
  last = -1;
  /** By index. */
  readonly players: readonly ObjectPlayer[];
  /** Its changes in order, from `start` to before `end`. */
  start = 0;
  end = 0;
  /** Its packets of the tick: places in the list of these; the same ones if there are none yet. */
  firstPacket = 0;
  lastPacket = 0;
  readonly key: number;
  /** How many objects have these viewers. */
  objects = 0;
  /** The last set that came out of this one with another player, and with one less. */
  withPlayer: ObjectPlayer | null = null;
  withSet: Viewers | null = null;
  withoutPlayer: ObjectPlayer | null = null;
  withoutSet: Viewers | null = null;

  constructor(players: readonly ObjectPlayer[], key: number) {
    this.players = players;
    this.key = key;
  }
}

/** A number for each player, which are mixed to the key of a set. */
function keyOf({ index }: ObjectPlayer): number {
  const mixed = Math.imul(index + 1, 0x9e3779b1);
  return Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
}

const isSame = (a: readonly ObjectPlayer[], b: readonly ObjectPlayer[]): boolean =>
  a.length === b.length && a.every((player, place) => player === b[place]);

/** The sets of players that see any object. */
export class ViewerSets {
  readonly nobody: Viewers = new Viewers([], 0);
  readonly #byKey = new Map<number, Viewers>();

  /** How many sets there are that objects have. */
  get size(): number {
    return this.#byKey.size;
  }

  /** An object with the viewers `before` gets one more. @returns its viewers from now on */
  add(before: Viewers, player: ObjectPlayer): Viewers {
    let after = before.withPlayer === player ? before.withSet : null;
    if (!after?.objects) {
      const players = before.players.slice();
      const place = players.findIndex(({ index }) => index > player.index);
      players.splice(place < 0 ? players.length : place, 0, player);
      after = this.#setOf(players, before.key ^ keyOf(player));
      before.withPlayer = player;
      before.withSet = after;
    }
    return this.#exchange(before, after);
  }

  /** An object with the viewers `before` loses one. @returns its viewers from now on */
  remove(before: Viewers, player: ObjectPlayer): Viewers {
    let after = before.withoutPlayer === player ? before.withoutSet : null;
    if (!after?.objects) {
      after = this.#setOf(
        before.players.filter((one) => one !== player),
        before.key ^ keyOf(player),
      );
      before.withoutPlayer = player;
      before.withoutSet = after;
    }
    return this.#exchange(before, after);
  }

  /** A player is gone: no set remembers it. */
  forget(player: ObjectPlayer): void {
    for (const set of [this.nobody, ...this.#byKey.values()]) {
      if (set.withPlayer === player) set.withPlayer = set.withSet = null;
      if (set.withoutPlayer === player) set.withoutPlayer = set.withoutSet = null;
    }
  }

  #setOf(players: ObjectPlayer[], key: number): Viewers {
    if (players.length === 0) return this.nobody;
    const known = this.#byKey.get(key);
    return known && isSame(known.players, players) ? known : new Viewers(players, key);
  }

  #exchange(before: Viewers, after: Viewers): Viewers {
    if (after !== this.nobody && after.objects++ === 0) this.#byKey.set(after.key, after);
    if (before === this.nobody || --before.objects > 0) return after;
    if (this.#byKey.get(before.key) === before) this.#byKey.delete(before.key);
    before.withPlayer = before.withSet = before.withoutPlayer = before.withoutSet = null;
    return after;
  }
}
