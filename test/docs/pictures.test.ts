import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { draw, pictures } from "../../scripts/pictures.mjs";

const names = readdirSync(pictures).filter((name) => name.endsWith(".txt"));
const read = (name: string) => readFileSync(join(pictures, name), "utf8");

test.each(names)("the picture of %s is what its text says: node scripts/pictures.mjs draws it", (name) => {
  const picture = name.replace(".txt", ".svg");
  expect(existsSync(join(pictures, picture))).toBe(true);
  expect(read(picture)).toBe(draw(read(name)));
});

test("a text that says something else is refused", () => {
  expect(() => draw("sequence\na | b\na > c: hello")).toThrow("c takes no part: a | b");
  expect(() => draw("sequence\na | b\nhello")).toThrow('"hello" is no step');
  expect(() => draw(`layers\n${"long ".repeat(40)}`)).toThrow("is longer than its box");
});
