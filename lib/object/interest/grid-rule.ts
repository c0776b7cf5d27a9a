import { NearCentres } from "./near-centres.js";
import { Places } from "./places.js";
import { PlayerSets } from "./player-sets.js";
import type { Visibility } from "./visibility.js";

/**
 * A player sees the objects that come nearer to its centre than `enter`, until they are farther away than `leave`.
 * A move costs as much as there are players and objects near, because squares with sides of `leave` tell what is near.
 * The squares lie in x and y: give the height as z.
 */
export class GridRule {
  readonly #visibility: Visibility;
  readonly #reason: number;
  readonly #enterSquared: number;
  readonly #leaveSquared: number;
  readonly #items: Places;
  readonly #centres: NearCentres;
  /** The players for which the rule holds: to ask `Visibility` for each pair takes longer. */
  readonly #holders = new PlayerSets();

  constructor(visibility: Visibility, reason: number, { enter, leave }: { enter: number; leave: number }) {
    this.#visibility = visibility;
    this.#reason = reason;
    this.#enterSquared = enter ** 2;
    this.#leaveSquared = leave ** 2;
    this.#items = new Places(leave);
    this.#centres = new NearCentres(leave);
  }

  /** Adds or moves an object. */
  moveItem(item: number, x: number, y: number, z = 0): void {
    const centres = this.#centres;
    this.#items.set(item, x, y, z);
    const holders = this.#holders;
    for (let player = holders.next(item, -1); player >= 0; player = holders.next(item, player)) {
      if (centres.squaredDistance(player, x, y, z) > this.#leaveSquared) this.#set(player, item, false);
    }
    const near = centres.near(x, y);
    for (let index = 0; index < near.length; index++) {
      const player = near[index] as number;
      if (centres.squaredDistance(player, x, y, z) >= this.#enterSquared) continue;
      if (!holders.has(item, player)) this.#set(player, item, true);
    }
  }

  /** Sets the centre of what a player sees. */
  moveCentre(player: number, x: number, y: number, z = 0): void {
    const items = this.#items;
    const visibility = this.#visibility;
    const holders = this.#holders;
    this.#centres.set(player, x, y, z);
    for (let place = visibility.countOf(player) - 1; place >= 0; place--) {
      const item = visibility.itemAt(player, place);
      if (!holders.has(item, player) || items.squaredDistance(item, x, y, z) <= this.#leaveSquared) continue;
      this.#set(player, item, false);
    }
    const column = items.squareOf(x);
    const row = items.squareOf(y);
    for (let up = -1; up <= 1; up++) {
      for (let right = -1; right <= 1; right++) {
        const bucket = items.bucketOf(column + right, row + up);
        for (let item = items.firstIn(bucket); item >= 0; item = items.nextOf(item)) {
          if (items.squaredDistance(item, x, y, z) >= this.#enterSquared) continue;
          if (!holders.has(item, player)) this.#set(player, item, true);
        }
      }
    }
  }

  removeItem(item: number): void {
    this.#items.delete(item);
    const holders = this.#holders;
    for (let player = holders.next(item, -1); player >= 0; player = holders.next(item, player)) {
      this.#set(player, item, false);
    }
  }

  /** The player has no centre any more: it sees nothing by this rule. */
  removeCentre(player: number): void {
    this.#centres.delete(player);
    this.#holders.deletePlayer(player);
    for (let place = this.#visibility.countOf(player) - 1; place >= 0; place--) {
      this.#visibility.set(player, this.#visibility.itemAt(player, place), this.#reason, false);
    }
  }

  #set(player: number, item: number, holds: boolean): void {
    if (holds) this.#holders.add(item, player);
    else this.#holders.delete(item, player);
    this.#visibility.set(player, item, this.#reason, holds);
  }
}
