import { grownInts } from "../collections/int-array.js";
import { ItemTable } from "../collections/item-table.js";
import { PlayerSets } from "./player-sets.js";

/** Why a player sees an object: a bit each. Rules have those from `1 << FIRST_RULE` on, up to `1 << 30`. */
export const Reason = { Hide: 1, Show: 2, Owner: 4 } as const;
export const FIRST_RULE = 5;

/** Whether the player saw the object when changes were last taken, and whether that may differ now. */
const WAS_VISIBLE = 8;
const IS_LISTED = 16;
const REASONS = ~(WAS_VISIBLE | IS_LISTED);

const isVisible = (reasons: number): boolean => (reasons & Reason.Hide) === 0 && (reasons & REASONS) !== 0;

/** What a player knows of objects: those for which it has a reason or a change, and the bits of each. */
class PlayerView {
  readonly table = new ItemTable();
  reasons = new Int32Array(0);

  /** Removes the object at `place`. The last one moves there. */
  removeAt(place: number): void {
    this.table.removeAt(place);
    this.reasons[place] = this.reasons[this.table.count] as number;
  }
}

/** Told what a player sees from now on, and what no longer. */
export interface VisibilitySink {
  entered(player: number, item: number): void;
  left(player: number, item: number): void;
}

/**
 * Who sees what. A player sees an object while any reason holds: a rule, that it owns it, or `Show`; `Hide` wins over
 * all. Players and objects (`item`) are small integers.
 */
export class Visibility {
  /** The players that see each object. */
  readonly observers = new PlayerSets();
  /** The players that have a reason for each object, also hidden ones, or a change that is not taken yet. */
  readonly related = new PlayerSets();
  readonly #views: PlayerView[] = [];
  /** Pairs of player and object whose visibility may have changed. */
  #changed = new Int32Array(0);
  #changedCount = 0;

  /** Adds or removes a reason for `player` to see `item`. */
  set(player: number, item: number, reason: number, holds: boolean): void {
    const view = this.#viewOf(player);
    let place = view.table.find(item);
    if (place < 0) {
      if (!holds) return;
      place = view.table.count;
      view.table.add(item);
      view.reasons = grownInts(view.reasons, view.table.count);
      view.reasons[place] = 0;
      this.related.add(item, player);
    }
    const before = view.reasons[place] as number;
    const after = holds ? before | reason : before & ~reason;
    view.reasons[place] = after;
    if (isVisible(before) === isVisible(after)) {
      if (after === 0) this.#remove(view, place, player, item);
      return;
    }
    if (isVisible(after)) this.observers.add(item, player);
    else this.observers.delete(item, player);
    if ((after & IS_LISTED) !== 0) return;
    view.reasons[place] = after | IS_LISTED;
    this.#changed = grownInts(this.#changed, this.#changedCount + 2);
    this.#changed[this.#changedCount++] = player;
    this.#changed[this.#changedCount++] = item;
  }

  /** Whether `reason` holds for `player` and `item`. */
  holds(player: number, item: number, reason: number): boolean {
    const view = this.#views[player];
    const place = view?.table.find(item) ?? -1;
    return place >= 0 && (((view as PlayerView).reasons[place] as number) & reason) !== 0;
  }

  /** How many objects `player` has a reason for, to go through them with `itemAt`. */
  countOf(player: number): number {
    return this.#views[player]?.table.count ?? 0;
  }

  /** An object that `player` may see. From the last one on, `set` for that very object does not disturb the order. */
  itemAt(player: number, place: number): number {
    return (this.#views[player] as PlayerView).table.items[place] as number;
  }

  sees(player: number, item: number): boolean {
    return this.observers.has(item, player);
  }

  /** Tells what has changed since the last call; what came and went between says nothing. */
  takeChanges(sink: VisibilitySink): void {
    // What the sink sets is told with the next call.
    const end = this.#changedCount;
    const changed = this.#changed;
    for (let index = 0; index < end; index += 2) {
      const player = changed[index] as number;
      const item = changed[index + 1] as number;
      const view = this.#views[player];
      const place = view?.table.find(item) ?? -1;
      if (!view || place < 0) continue;
      const before = view.reasons[place] as number;
      const was = (before & WAS_VISIBLE) !== 0;
      const is = isVisible(before);
      const after = (before & REASONS) | (is ? WAS_VISIBLE : 0);
      view.reasons[place] = after;
      if (after === 0) this.#remove(view, place, player, item);
      if (is && !was) sink.entered(player, item);
      else if (was && !is) sink.left(player, item);
    }
    this.#changed.copyWithin(0, end, this.#changedCount);
    this.#changedCount -= end;
  }

  /** `item` is gone: nobody sees it, and nothing is told of it. */
  removeItem(item: number): void {
    for (let player = this.related.next(item, -1); player >= 0; player = this.related.next(item, player)) {
      const view = this.#viewOf(player);
      this.observers.delete(item, player);
      this.#remove(view, view.table.find(item), player, item);
    }
  }

  /** `player` is gone: it sees nothing, and nothing is told of it. */
  removePlayer(player: number): void {
    for (let place = this.countOf(player) - 1; place >= 0; place--) {
      const item = this.itemAt(player, place);
      this.observers.delete(item, player);
      this.#remove(this.#viewOf(player), place, player, item);
    }
  }

  #remove(view: PlayerView, place: number, player: number, item: number): void {
    view.removeAt(place);
    this.related.delete(item, player);
  }

  #viewOf(player: number): PlayerView {
    while (this.#views.length <= player) this.#views.push(new PlayerView());
    return this.#views[player] as PlayerView;
  }
}
