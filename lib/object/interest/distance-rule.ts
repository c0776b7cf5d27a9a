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
  /** The squares of the two distances of each object. */
  readonly #squares: number[] = [];
  readonly #place = new Float64Array(3);

  constructor(visibility: Visibility, reason: number) {
    this.#visibility = visibility;
    this.#reason = reason;
  }

  /** `item` is seen by players nearer than `enter`, until they are farther away than `leave`. */
  setDistances(item: number, { enter, leave }: { enter: number; leave: number }): void {
    while (this.#squares.length < 2 * item) this.#squares.push(0);
    this.#squares[2 * item] = enter ** 2;
    this.#squares[2 * item + 1] = leave ** 2;
  }

  /** Adds an object whose distances are set, or moves it to three coordinates. */
  moveItem(item: number, place: ArrayLike<number>): void {
    const centres = this.#centres;
    this.#items.set(item, place);
    for (let player = centres.firstIn(centres.bucketOf(0, 0)); player >= 0; player = centres.nextOf(player)) {
      this.#decide(player, item);
    }
  }

  /** Sets the centre of what a player sees. */
  moveCentre(player: number, place: ArrayLike<number>): void {
    const items = this.#items;
    this.#centres.set(player, place);
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
    this.#centres.read(player, this.#place);
    const items = this.#items;
    if (items.compare(item, this.#place, this.#squares, 2 * item) < 0)
      this.#visibility.set(player, item, this.#reason, true);
    else if (items.compare(item, this.#place, this.#squares, 2 * item + 1) > 0)
      this.#visibility.set(player, item, this.#reason, false);
  }
}
