import type { NearCentres } from "./near-centres.js";
import type { Places } from "./places.js";

/** One square of the ground that the rule `grid` divides the world into. */
export interface GridCell {
  /** Its place in x, in squares: it reaches from `column * side` to the next one. */
  readonly column: number;
  /** Its place in y, in squares. */
  readonly row: number;
  /** Objects in it. */
  readonly objects: number;
  /** Players whose centre is in it. */
  readonly players: number;
  /** Players whose centre is in it or in one of the eight around it: with them its objects are compared. */
  readonly watchers: number;
}

type Counts = { -readonly [Name in keyof GridCell]: GridCell[Name] };

/** The squares in which anything is, those with the most objects first. */
export function cellsOf(items: Places, centres: NearCentres): GridCell[] {
  const cells = new Map<string, Counts>();
  const count = (what: "objects" | "players") => (column: number, row: number) => {
    // Farther out, or at no number, a square has no neighbours.
    if (!Number.isSafeInteger(column) || !Number.isSafeInteger(row)) return;
    const key = `${column},${row}`;
    const cell = cells.get(key) ?? { column, row, objects: 0, players: 0, watchers: 0 };
    cell[what]++;
    cells.set(key, cell);
  };
  items.forEachSquare(count("objects"));
  centres.forEachSquare(count("players"));
  for (const { column, row, players } of cells.values()) {
    if (players === 0) continue;
    for (let square = 0; square < 9; square++) {
      const cell = cells.get(`${column + (square % 3) - 1},${row + Math.floor(square / 3) - 1}`);
      if (cell) cell.watchers += players;
    }
  }
  return [...cells.values()].sort((one, other) => other.objects - one.objects || other.watchers - one.watchers);
}
