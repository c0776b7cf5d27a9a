import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const examples = fileURLToPath(new URL("../../examples/", import.meta.url));
const timers = /\b(setTimeout|setInterval|setImmediate|timers|Atomics\.wait|sleep)\b/;

function sourcesOf(folder: string): string[] {
  const files = readdirSync(examples + folder).filter((name) => name.endsWith(".mjs"));
  expect(files.length).toBeGreaterThan(1);
  return files.map((name) => readFileSync(`${examples}${folder}/${name}`, "utf8"));
}

test.each(["chat", "quickstart", "ping-pong"])("examples/%s has no timer", (folder) => {
  for (const source of sourcesOf(folder)) expect(source).not.toMatch(timers);
});

test.each(["chat", "quickstart"])("examples/%s is driven by onReadable", (folder) => {
  const sources = sourcesOf(folder);
  expect(sources.filter((source) => source.includes(".onReadable(")).length).toBe(2);
});
