import { Places } from "./places.js";
import type { Visibility } from "./visibility.js";

/**
 * As `GridRule`, but with distances of their own for each object. A move is compared with every player, or every object
 * of the rule: for few objects that are seen from far away.
 */
export class DistanceRule {
  readonly #visibility: Visibility;
  readonly #reason: number;
  /** One bucket holds all. */
  readonly #items = new Places(Number.POSITIVE_INFINITY);
  readonly #centres = new Places(Number.POSITIVE_INFINITY);
  readonly #enterSquared: number[] = [];
  readonly #leaveSquared: number[] = [];

  constructor(visibility: Visibility, reason: number) {
    this.#visibility = visibility;
    this.#reason = reason;
  }

  /** `item` is seen by players nearer than `enter`, until they are farther away than `leave`. */
  setDistances(item: number, { enter, leave }: { enter: number; leave: number }): void {
    this.#enterSquared[item] = enter ** 2;
    this.#leaveSquared[item] = leave ** 2;
  }

  /** Adds or moves an object whose distances are set. */
  moveItem(item: number, x: number, y: number, z = 0): void {
    const centres = this.#centres;
    this.#items.set(item, x, y, z);
    for (let player = centres.firstIn(centres.bucketOf(0, 0)); player >= 0; player = centres.nextOf(player)) {
      this.#decide(player, item);
    }
  }

  /** Sets the centre of what a player sees. */
  moveCentre(player: number, x: number, y: number, z = 0): void {
    const items = this.#items;
    this.#centres.set(player, x, y, z);
    for (let item = items.firstIn(items.bucketOf(0, 0)); item >= 0; item = items.nextOf(item)) {
      this.#decide(player, item);
    }
  }

  removeItem(item: number): void {
    this.#items.delete(item);
    const { related } = this.#visibility;
    for (let player = related.next(item, -1); player >= 0; player = related.next(item, player)) {
      this.#visibility.set(player, item, this.#reason, false);
    }
  }

  /** The player has no centre any more: it sees nothing by this rule. */
  removeCentre(player: number): void {
    this.#centres.delete(player);
    for (let place = this.#visibility.countOf(player) - 1; place >= 0; place--) {
      this.#visibility.set(player, this.#visibility.itemAt(player, place), this.#reason, false);
    }
  }

  #decide(player: number, item: number): void {
    const centres = this.#centres;
    const squared = this.#items.squaredDistance(
      item,
      centres.coordinate(player, 0),
      centres.coordinate(player, 1),
      centres.coordinate(player, 2),
    );
    if (squared < (this.#enterSquared[item] as number)) this.#visibility.set(player, item, this.#reason, true);
    else if (squared > (this.#leaveSquared[item] as number)) this.#visibility.set(player, item, this.#reason, false);
  }
}
