import { ItemTable } from "../collections/item-table.js";
import type { Visibility } from "./visibility.js";

/** A function decides for each pair of player and object, whenever `update` is called. */
export class CustomRule {
  readonly #visibility: Visibility;
  readonly #reason: number;
  readonly #decide: (player: number, item: number) => boolean;
  readonly #items = new ItemTable();
  readonly #players = new ItemTable();

  constructor(visibility: Visibility, reason: number, decide: (player: number, item: number) => boolean) {
    this.#visibility = visibility;
    this.#reason = reason;
    this.#decide = decide;
  }

  addItem(item: number): void {
    if (this.#items.find(item) < 0) this.#items.add(item);
  }

  addPlayer(player: number): void {
    if (this.#players.find(player) < 0) this.#players.add(player);
  }

  update(): void {
    const items = this.#items;
    const players = this.#players;
    for (let place = 0; place < items.count; place++) {
      const item = items.items[place] as number;
      for (let at = 0; at < players.count; at++) {
        const player = players.items[at] as number;
        this.#visibility.set(player, item, this.#reason, this.#decide(player, item));
      }
    }
  }

  removeItem(item: number): void {
    const place = this.#items.find(item);
    if (place < 0) return;
    this.#items.removeAt(place);
    const players = this.#players;
    for (let at = 0; at < players.count; at++) {
      this.#visibility.set(players.items[at] as number, item, this.#reason, false);
    }
  }

  removePlayer(player: number): void {
    const place = this.#players.find(player);
    if (place < 0) return;
    this.#players.removeAt(place);
    const items = this.#items;
    for (let at = 0; at < items.count; at++) {
      this.#visibility.set(player, items.items[at] as number, this.#reason, false);
    }
  }
}
