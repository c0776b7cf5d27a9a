import { expect, test } from "vitest";
import { StringBuilder } from "../../../lib/index.js";
import { cutUtf8, fillBuilder } from "../../../lib/valve/values/string-builder.js";

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

test("filling leaves room for the terminating zero and says what is needed", () => {
  const builder = new StringBuilder(8);
  expect(fillBuilder(builder, 100, "1234567")).toBe(8);
  expect(builder.value).toBe("1234567");
  expect(fillBuilder(builder, 100, "12345678")).toBe(9);
  expect(builder.value).toBe("1234567");
  expect(fillBuilder(builder, 4, "12345678")).toBe(9);
  expect(`${builder}`).toBe("123");
  expect(builder.length).toBe(3);
  fillBuilder(builder, 0, "1");
  expect(builder.value).toBe("");
});

test("the capacity", () => {
  expect(new StringBuilder().capacity).toBe(1024);
  const outOfRange = expect.objectContaining({ name: "RangeError", code: "ERR_OUT_OF_RANGE" });
  for (const capacity of [0, -1, 1.5, 2 ** 31, Number.NaN]) {
    expect(() => new StringBuilder(capacity)).toThrow(outOfRange);
  }
  expect(() => new StringBuilder("8" as never)).toThrow(
    expect.objectContaining({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE" }),
  );
});
