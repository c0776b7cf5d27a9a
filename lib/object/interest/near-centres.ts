import { compareDistance } from "./places.js";

/**
 * The centres of players, listed with the nine squares around each, so that one list holds all that may be near a
 * place. Squares share lists by a hash, so the world has no bounds.
 */
export class NearCentres {
  readonly #cellSize: number;
  /** Of each player the coordinates, and the column and row of its square; the column is NaN without a centre. */
  #data = new Float64Array(0);
  #lists: number[][] = Array.from({ length: 64 }, () => []);
  #count = 0;

  constructor(cellSize: number) {
    this.#cellSize = cellSize;
  }

  /** Adds the centre of `player`, or moves it. */
  set(player: number, place: ArrayLike<number>): void {
    const at = 5 * player;
    if (at >= this.#data.length) {
      const data = new Float64Array(Math.max(at + 5, 2 * this.#data.length)).fill(Number.NaN);
      data.set(this.#data);
      this.#data = data;
    }
    const data = this.#data;
    for (let axis = 0; axis < 3; axis++) data[at + axis] = place[axis] as number;
    const column = Math.floor((place[0] as number) / this.#cellSize);
    const row = Math.floor((place[1] as number) / this.#cellSize);
    if (data[at + 3] === column && data[at + 4] === row) return;
    this.delete(player);
    // At no number nothing is near.
    if (Number.isNaN(column) || Number.isNaN(row)) return;
    if (16 * ++this.#count > this.#lists.length) this.#grow();
    data[at + 3] = column;
    data[at + 4] = row;
    this.#link(player);
  }

  delete(player: number): void {
    const at = 5 * player;
    const column = this.#data[at + 3] ?? Number.NaN;
    if (Number.isNaN(column)) return;
    const row = this.#data[at + 4] as number;
    for (let square = 0; square < 9; square++) {
      const list = this.#listOf(column + (square % 3) - 1, row + Math.floor(square / 3) - 1);
      const last = list.pop() as number;
      if (last !== player) list[list.indexOf(player)] = last;
    }
    this.#data[at + 3] = Number.NaN;
    this.#count--;
  }

  /** The players whose centres may be within a square's side of a place. Others may be among them, or some twice. */
  near(place: ArrayLike<number>): readonly number[] {
    const column = Math.floor((place[0] as number) / this.#cellSize);
    return this.#listOf(column, Math.floor((place[1] as number) / this.#cellSize));
  }

  /** As `compare` of `Places`. */
  compare(player: number, place: ArrayLike<number>, squares: ArrayLike<number>, index: number): -1 | 0 | 1 {
    return compareDistance(this.#data, 5 * player, place, squares, index);
  }

  /** Calls `visit` with the square of each centre. */
  forEachSquare(visit: (column: number, row: number) => void): void {
    for (let at = 3; at < this.#data.length; at += 5) {
      const column = this.#data[at] as number;
      if (!Number.isNaN(column)) visit(column, this.#data[at + 1] as number);
    }
  }

  #link(player: number): void {
    const column = this.#data[5 * player + 3] as number;
    const row = this.#data[5 * player + 4] as number;
    for (let square = 0; square < 9; square++) {
      this.#listOf(column + (square % 3) - 1, row + Math.floor(square / 3) - 1).push(player);
    }
  }

  #listOf(column: number, row: number): number[] {
    const mixed = Math.imul(column, 0x9e3779b1) ^ Math.imul(row, 0x85ebca6b);
    return this.#lists[(mixed ^ (mixed >>> 15)) & (this.#lists.length - 1)] as number[];
  }

  #grow(): void {
    this.#lists = Array.from({ length: 4 * this.#lists.length }, () => []);
    for (let player = 0; 5 * player < this.#data.length; player++) {
      if (!Number.isNaN(this.#data[5 * player + 3] as number)) this.#link(player);
    }
  }
}
