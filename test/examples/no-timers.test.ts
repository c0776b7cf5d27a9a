import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const examples = fileURLToPath(new URL("../../examples/", import.meta.url));
const timers = /\b(setTimeout|setInterval|setImmediate|timers|Atomics\.wait|sleep)\b/;

it.each(["chat", "quickstart"])("examples/%s is driven by onReadable and has no timer", (folder) => {
  const files = readdirSync(examples + folder).filter((name) => name.endsWith(".mjs"));
  expect(files.length).toBeGreaterThan(1);
  const sources = files.map((name) => readFileSync(`${examples}${folder}/${name}`, "utf8"));
  for (const source of sources) expect(source).not.toMatch(timers);
  expect(sources.filter((source) => source.includes(".onReadable(")).length).toBe(2);
});
