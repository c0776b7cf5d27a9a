import { expect, test } from "vitest";
import { cutUtf8 } from "../lib/utf8.js";

test.each([
  ["abc", 3, "abc"],
  ["abc", 2, "ab"],
  ["abc", 0, ""],
  ["abc", -5, ""],
  ["aé", 2, "a"],
  ["aé", 3, "aé"],
  ["€€", 5, "€"],
  ["a😀b", 4, "a"],
  ["a😀b", 5, "a😀"],
  ["\ufeffx", 3, "\ufeff"],
  ["x".repeat(300), 127, "x".repeat(127)],
  ["é".repeat(100), 127, "é".repeat(63)],
])("cutUtf8(%j, %d)", (text, maxBytes, expected) => {
  expect(cutUtf8(text, maxBytes)).toBe(expected);
});
