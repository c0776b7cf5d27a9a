// node scripts/pictures.mjs: draws each docs/pictures/NAME.txt as NAME.svg. The first line is the kind of picture:
// `layers`, whose lines are rows of boxes from top to bottom, or `sequence`, whose second line names those who take
// part, and whose other lines are arrows (`a > b: text`), arrows that get lost (`a x b: text`) and remarks (`a: text`).
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./paths.mjs";

const WIDTH = 720;
const MARGIN = 16;
const ROW = 44;
/** A letter is about so wide. */
const LETTER = 7.4;
const STYLE = `<style>
    .box { fill: #eef3fa; stroke: #5b7ba6; }
    .line { stroke: #5b7ba6; fill: none; }
    .lost { stroke: #c0392b; stroke-dasharray: 6 4; fill: none; }
    text { font: 15px system-ui, sans-serif; fill: #1c2733; text-anchor: middle; }
    @media (prefers-color-scheme: dark) {
      .box { fill: #1d2a3a; stroke: #7fa5d6; }
      .line { stroke: #7fa5d6; }
      .lost { stroke: #ff7b6b; }
      text { fill: #e3ebf5; }
    }
  </style>`;

export const pictures = join(root, "docs", "pictures");

const escapeXml = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const split = (text) => text.split("|").map((part) => part.trim());
const label = (x, y, text) => `<text x="${x}" y="${y}">${escapeXml(text)}</text>`;
function box(x, y, width, text) {
  if (text.length * LETTER > width) throw new Error(`"${text}" is longer than its box`);
  const height = ROW - 12;
  const shape = `<rect class="box" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>`;
  return shape + label(x + width / 2, y + height / 2 + 5, text);
}

function drawLayers(rows) {
  const shapes = rows.flatMap((row, index) => {
    const names = split(row);
    const width = (WIDTH - 2 * MARGIN - 8 * (names.length - 1)) / names.length;
    return names.map((name, column) => box(MARGIN + column * (width + 8), MARGIN + index * ROW, width, name));
  });
  return { shapes, height: 2 * MARGIN + rows.length * ROW - 12 };
}

/** From left to right or back, with its point. A lost one ends in a cross half way. */
function arrow(from, to, y, isLost) {
  const end = isLost ? (from + to) / 2 : to;
  const back = end > from ? -8 : 8;
  const point = isLost
    ? `M${end - 6} ${y - 6}l12 12m0 -12l-12 12`
    : `M${end + back} ${y - 5}L${end} ${y}L${end + back} ${y + 5}`;
  return `<path class="${isLost ? "lost" : "line"}" d="M${from} ${y}H${end}${point}"/>`;
}

function drawSequence([names, ...steps]) {
  const actors = split(names);
  const gap = WIDTH / actors.length;
  const placeOf = (name) => {
    const index = actors.indexOf(name);
    if (index < 0) throw new Error(`${name} takes no part: ${names}`);
    return gap * (index + 0.5);
  };
  const height = 2 * MARGIN + (steps.length + 1) * ROW;
  const lines = actors.map((name) => `<path class="line" d="M${placeOf(name)} ${MARGIN + 32}V${height - MARGIN}"/>`);
  const heads = actors.map((name) => box(placeOf(name) - 60, MARGIN, 120, name));
  const shapes = steps.map((step, index) => {
    const y = MARGIN + (index + 1.7) * ROW;
    const [, who, sign, whom, text] = /^(\w+)(?: ([>x]) (\w+))?: (.+)$/.exec(step) ?? [];
    if (!who) throw new Error(`"${step}" is no step`);
    if (!sign) return box(placeOf(who) - Math.min(gap, 320) / 2 + 6, y - 24, Math.min(gap, 320) - 12, text);
    const [from, to] = [placeOf(who), placeOf(whom)];
    return arrow(from, to, y, sign === "x") + label((from + to) / 2, y - 8, text);
  });
  return { shapes: [...lines, ...heads, ...shapes], height };
}

/** The picture that a text describes, as SVG for light and dark pages. */
export function draw(text) {
  const [kind, ...lines] = text.trim().split("\n");
  const { shapes, height } = { layers: drawLayers, sequence: drawSequence }[kind](lines);
  const size = `width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`;
  const title = `<title>${escapeXml(lines.join("; "))}</title>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">
  ${title}
  ${STYLE}
  ${shapes.join("\n  ")}
</svg>
`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const name of readdirSync(pictures).filter((name) => name.endsWith(".txt"))) {
    const text = readFileSync(join(pictures, name), "utf8");
    writeFileSync(join(pictures, name.replace(".txt", ".svg")), draw(text));
  }
}
