import { expect, test } from "vitest";
import { printable, printableJson, quoted } from "../lib/printable.js";

test.each([
  ["plain text, grüße 世界", "plain text, grüße 世界"],
  ["two\nlines\r\n", "two\\u{a}lines\\u{d}\\u{a}"],
  ["\u001b[2J\u001b]0;title\u0007\u009b31m", "\\u{1b}[2J\\u{1b}]0;title\\u{7}\\u{9b}31m"],
  ["\u202egpj.exe\u2066\u200f\u061c", "\\u{202e}gpj.exe\\u{2066}\\u{200f}\\u{61c}"],
  ["a\u2028b\u2029\u0085", "a\\u{2028}b\\u{2029}\\u{85}"],
  ["zero\u200bwidth\ufeff\u{e0041}", "zero\\u{200b}width\\u{feff}\\u{e0041}"],
  ["\ud800half", "\\u{d800}half"],
  ["👩‍🚀 1️⃣ ❤️", "👩‍🚀 1️⃣ ❤️"],
  ["", ""],
])("printable(%j)", (text, expected) => {
  expect(printable(text)).toBe(expected);
});

test("a text of 500 units stays whole, a longer one is cut, never inside a character", () => {
  expect(printable("x".repeat(500))).toBe("x".repeat(500));
  expect(printable("x".repeat(501))).toBe(`${"x".repeat(500)}…`);
  expect(printable(`${"x".repeat(499)}😀`)).toBe(`${"x".repeat(499)}…`);
});

test("JSON keeps its value, and shows what would not be seen", () => {
  const value = { text: "\u202e\u009b\u2028\u{e0041}\ud800 👩‍🚀" };
  const json = printableJson(JSON.stringify(value));
  expect(json).toBe('{"text":"\\u202e\\u009b\\u2028\\udb40\\udc41\\ud800 👩‍🚀"}');
  expect(JSON.parse(json)).toEqual(value);
});

test.each([
  ['a"b\u001b[2J\u009b2J\u202e', '"a\\"b\\u001b[2J\\u009b2J\\u202e"'],
  [80, "80"],
  [null, "null"],
  [10n, "10"],
  [["\u009b"], "\\u{9b}"],
])("quoted(%o)", (value, expected) => {
  expect(quoted(value)).toBe(expected);
});
