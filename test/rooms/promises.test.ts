import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../support/runtimes.js";

test("docs/rooms.md names for each promise tests that exist", () => {
  const text = readFileSync(join(root, "docs", "rooms.md"), "utf8");
  const rows = [...text.matchAll(/^\| (\d+) \| [^|]+ \| ([^|]+) \|$/gm)];
  expect(rows.map(([, number]) => Number(number))).toEqual(Array.from({ length: 19 }, (_, at) => at));
  const named = rows.flatMap(([, , files = ""]) => files.split(", "));
  const missing = named.filter((name) => !existsSync(join(root, "test", `${name.replaceAll("`", "")}.test.ts`)));
  expect(missing).toEqual([]);
});
