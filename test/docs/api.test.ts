import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { apiPage } from "../../scripts/api.mjs";
import { root } from "../support/runtimes.js";

test("docs/api.md lists what the package exports", () => {
  const page = readFileSync(join(root, "docs", "api.md"), "utf8");
  expect(page, "what is exported has changed: node scripts/api.mjs").toBe(apiPage());
});

test("every export has a docstring", () => {
  expect(apiPage().match(/^.*\| {2}\|$/gm)).toBeNull();
});
