import { ItemTable } from "../collections/item-table.js";
import type { Visibility } from "./visibility.js";

interface Group {
  readonly items: ItemTable;
  readonly players: ItemTable;
}

/**
 * A player sees the objects of the groups that it has joined: a team, a zone. With one group that everybody joins,
 * objects are always visible.
 */
export class GroupRule<Key> {
  readonly #visibility: Visibility;
  readonly #reason: number;
  readonly #groups = new Map<Key, Group>();
  readonly #groupOf = new Map<number, Key>();

  constructor(visibility: Visibility, reason: number) {
    this.#visibility = visibility;
    this.#reason = reason;
  }

  /** Moves `item` to the group `key`; an object is in one group at most, `undefined` for none. */
  setGroup(item: number, key: Key | undefined): void {
    const before = this.#groupOf.get(item);
    if (before === key) return;
    if (before !== undefined) {
      const { items, players } = this.#groups.get(before) as Group;
      items.removeAt(items.find(item));
      this.#groupOf.delete(item);
      // Whoever is in both groups does not lose sight: reasons are looked at when changes are taken.
      for (let place = 0; place < players.count; place++) this.#set(players.items[place] as number, item, false);
      this.#removeIfEmpty(before);
    }
    if (key === undefined) return;
    const { items, players } = this.#of(key);
    items.add(item);
    this.#groupOf.set(item, key);
    for (let place = 0; place < players.count; place++) this.#set(players.items[place] as number, item, true);
  }

  join(player: number, key: Key): void {
    const { items, players } = this.#of(key);
    if (players.find(player) >= 0) return;
    players.add(player);
    for (let place = 0; place < items.count; place++) this.#set(player, items.items[place] as number, true);
  }

  leave(player: number, key: Key): void {
    const group = this.#groups.get(key);
    const place = group?.players.find(player) ?? -1;
    if (!group || place < 0) return;
    group.players.removeAt(place);
    const { items } = group;
    for (let at = 0; at < items.count; at++) this.#set(player, items.items[at] as number, false);
    this.#removeIfEmpty(key);
  }

  removePlayer(player: number): void {
    for (const key of [...this.#groups.keys()]) this.leave(player, key);
  }

  removeItem(item: number): void {
    this.setGroup(item, undefined);
  }

  #set(player: number, item: number, holds: boolean): void {
    this.#visibility.set(player, item, this.#reason, holds);
  }

  #of(key: Key): Group {
    let group = this.#groups.get(key);
    if (!group) {
      group = { items: new ItemTable(), players: new ItemTable() };
      this.#groups.set(key, group);
    }
    return group;
  }

  #removeIfEmpty(key: Key): void {
    const { items, players } = this.#groups.get(key) as Group;
    if (items.count === 0 && players.count === 0) this.#groups.delete(key);
  }
}
