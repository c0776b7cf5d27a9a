// node scripts/house.mjs [--short]: prints the folders of lib and native with their files and lines, the arrows between
// them, and the imports that run upward. An arrow is a pair of folders of which the first imports (or includes) the
// second. The base and the top of a layer count as two folders. --short prints only the totals and what runs upward.
import { dirname } from "node:path";
import { layers, rankOf, readNative, readSources, upwardImports, upwardIncludes } from "./layers.mjs";

const linesOf = (text) => text.split("\n").length - 1;

/** The folder of a file of `lib`, with a layer's base and top told apart. */
function folderInLib(name) {
  const [layer, second, third] = name.split("/");
  if (second === undefined) return "(root)";
  if (third !== undefined) return `${layer}/${second}`;
  if (layers[layer].wings.length === 0) return layer;
  return `${layer} (${rankOf(name) === 0 ? "base" : "top"})`;
}

/** The folders and the arrows between them. */
function survey(sources, folderOf, upward) {
  const folders = new Map();
  for (const { name, text, imports } of sources) {
    const folder = folderOf(name);
    const row = folders.get(folder) ?? { files: 0, lines: 0, imports: new Set() };
    folders.set(folder, row);
    row.files++;
    row.lines += linesOf(text);
    for (const imported of imports.map(folderOf)) if (imported !== folder) row.imports.add(imported);
  }
  return {
    folders: new Map([...folders].sort(([a], [b]) => (a < b ? -1 : 1))),
    upward: sources.flatMap((source) => upward(source).map((imported) => `${source.name} -> ${imported}`)),
  };
}

function print(title, { folders, upward }, short) {
  const sum = (count) => [...folders.values()].reduce((total, row) => total + count(row), 0);
  const totals = `${sum(({ files }) => files)} files, ${sum(({ lines }) => lines)} lines`;
  const arrows = `${sum(({ imports }) => imports.size)} arrows, ${upward.length} imports upward`;
  console.log(`${title}: ${folders.size} folders, ${totals}, ${arrows}`);
  for (const arrow of upward) console.log(`  upward: ${arrow}`);
  if (short) return;
  const width = Math.max(...[...folders.keys()].map((name) => name.length));
  for (const [name, { files, lines, imports }] of folders) {
    const counts = `${String(files).padStart(3)} files ${String(lines).padStart(5)} lines`;
    console.log(`  ${name.padEnd(width)} ${counts} -> ${[...imports].sort().join(", ") || "nothing"}`);
  }
}

const short = process.argv.includes("--short");
print("lib", survey(readSources(), folderInLib, upwardImports), short);
const folderInNative = (name) => (name.includes("/") ? dirname(name) : "(root)");
print("native", survey(readNative(), folderInNative, upwardIncludes), short);
