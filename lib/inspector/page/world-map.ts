import { type ComponentChildren, h } from "preact";
import type { InterestGrid } from "../../object/index.js";
import type { ObjectRow, ObjectsSnapshot } from "../snapshot.js";
import { formatCount } from "./format.js";

/** The picture of the world: its side in pixels, and room at its edge. */
const SIDE = 260;
const EDGE = 12;

type Point = readonly [x: number, y: number];

/** A picture for each rule `grid`, with its squares; one without squares where no rule has any. */
export function worldMaps({ objects, grids }: ObjectsSnapshot, one: ObjectRow | null): ComponentChildren[] {
  const filled = grids.filter(({ cells }) => cells.length > 0);
  if (filled.length > 0) return filled.map((grid) => mapOf(objects, grid, one));
  return objects.some(({ position }) => position !== null) ? [mapOf(objects, null, one)] : [];
}

/** Where objects are. Those that the players see who see the chosen one too are in colour. */
function mapOf(objects: readonly ObjectRow[], grid: InterestGrid | null, one: ObjectRow | null): ComponentChildren {
  const placed = objects.filter(({ position }) => position !== null);
  const cells = grid?.cells ?? [];
  const side = grid?.side ?? 0;
  const points: Point[] = [
    ...placed.map(({ position }) => position as Point),
    ...cells.flatMap(({ column, row }): Point[] => [
      [column * side, row * side],
      [(column + 1) * side, (row + 1) * side],
    ]),
  ];
  const [left, top] = [0, 1].map((axis) => Math.min(...points.map((point) => point[axis] as number))) as [
    number,
    number,
  ];
  const [width, height] = [Math.max(...points.map(([x]) => x)) - left, Math.max(...points.map(([, y]) => y)) - top];
  const span = Math.max(width, height, 1);
  const scale = (SIDE - 2 * EDGE) / span;
  const at = (value: number, from: number) => EDGE + (value - from) * scale;
  const sees = (row: ObjectRow) => one !== null && row.observers.some((player) => one.observers.includes(player));
  const fullest = cells[0]?.objects ?? 0;
  const label = grid ? captionOf(grid) : `Where ${placed.length} objects are, ${formatCount(Math.round(span))} wide`;
  return h("figure", { class: "map" }, [
    h("svg", { width: SIDE, height: 2 * EDGE + height * scale, role: "img", "aria-label": label }, [
      ...cells.map((cell) =>
        h(
          "rect",
          {
            key: `${cell.column},${cell.row}`,
            ...{ x: at(cell.column * side, left), y: at(cell.row * side, top) },
            ...{ width: side * scale, height: side * scale, class: cell.watchers > 0 ? "watched" : "" },
            "fill-opacity": 0.08 + (0.5 * cell.objects) / Math.max(fullest, 1),
          },
          h("title", {}, textOf(cell)),
        ),
      ),
      ...placed.map((row) =>
        h("circle", {
          ...{ key: row.netId, cx: at(row.position?.[0] ?? 0, left), cy: at(row.position?.[1] ?? 0, top) },
          ...{ r: row === one ? 6 : 3, class: row === one || sees(row) ? "seen" : row.owner === null ? "" : "owned" },
        }),
      ),
    ]),
    h("figcaption", { class: "quiet" }, label),
  ]);
}

const textOf = ({ column, row, objects, players, watchers }: InterestGrid["cells"][number]) =>
  `${column}, ${row}: objects ${objects}, players ${players}, watching ${watchers}`;

function captionOf({ side, count, cells }: InterestGrid): string {
  const drawn = count > cells.length ? `, of which ${cells.length} are drawn` : "";
  const fullest = cells[0] ? ` The fullest is ${textOf(cells[0])}.` : "";
  return `Squares of ${formatCount(side)}: in ${formatCount(count)} there is something${drawn}.${fullest}`;
}
