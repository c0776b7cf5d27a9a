import { expect, test } from "vitest";
import { StringBuilder } from "../../../lib/index.js";
import { fillBuilder } from "../../../lib/valve/values/string-builder.js";

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
