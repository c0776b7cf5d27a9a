import { cellsOf, type GridCell } from "./grid-cells.js";
import { NearCentres } from "./near-centres.js";
import { Places } from "./places.js";
import { PlayerSets } from "./player-sets.js";
import type { Visibility } from "./visibility.js";

const ENTER = 0;
const LEAVE = 1;

/**
 * A player sees the objects that come nearer to its centre than `enter`, until they are farther away than `leave`.
 * A move costs as much as there are players and objects near, because squares with sides of `leave` tell what is near.
 * The squares lie in x and y: give the height as z.
 */
export class GridRule {
  readonly #visibility: Visibility;
  readonly #reason: number;
  /** The squares of the two distances: `ENTER` and `LEAVE`. */
  readonly #squares: Float64Array;
  readonly #items: Places;
  readonly #centres: NearCentres;
  /** The players for which the rule holds: to ask `Visibility` for each pair takes longer. */
  readonly #holders = new PlayerSets();

  constructor(visibility: Visibility, reason: number, { enter, leave }: { enter: number; leave: number }) {
    this.#visibility = visibility;
    this.#reason = reason;
    this.#squares = Float64Array.of(enter ** 2, leave ** 2);
    this.#items = new Places(leave);
    this.#centres = new NearCentres(leave);
  }

  /** Adds an object, or moves it to three coordinates. */
  moveItem(item: number, place: ArrayLike<number>): void {
    const centres = this.#centres;
    this.#items.set(item, place);
    const holders = this.#holders;
    for (let player = holders.next(item, -1); player >= 0; player = holders.next(item, player)) {
      if (centres.compare(player, place, this.#squares, LEAVE) > 0) this.#set(player, item, false);
    }
    const near = centres.near(place);
    for (let index = 0; index < near.length; index++) {
      const player = near[index] as number;
      if (centres.compare(player, place, this.#squares, ENTER) >= 0) continue;
      if (!holders.has(item, player)) this.#set(player, item, true);
    }
  }

  /** Sets the centre of what a player sees. */
  moveCentre(player: number, place: ArrayLike<number>): void {
    const items = this.#items;
    const visibility = this.#visibility;
    const holders = this.#holders;
    this.#centres.set(player, place);
    for (let index = visibility.countOf(player) - 1; index >= 0; index--) {
      const item = visibility.itemAt(player, index);
      if (!holders.has(item, player) || items.compare(item, place, this.#squares, LEAVE) <= 0) continue;
      this.#set(player, item, false);
    }
    const column = items.squareOf(place, 0);
    const row = items.squareOf(place, 1);
    for (let up = -1; up <= 1; up++) {
      for (let right = -1; right <= 1; right++) {
        const bucket = items.bucketOf(column + right, row + up);
        for (let item = items.firstIn(bucket); item >= 0; item = items.nextOf(item)) {
          if (items.compare(item, place, this.#squares, ENTER) >= 0) continue;
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

  /** The squares in which anything is, those with the most objects first. */
  cells(): GridCell[] {
    return cellsOf(this.#items, this.#centres);
  }

  #set(player: number, item: number, holds: boolean): void {
    if (holds) this.#holders.add(item, player);
    else this.#holders.delete(item, player);
    this.#visibility.set(player, item, this.#reason, holds);
  }
}
