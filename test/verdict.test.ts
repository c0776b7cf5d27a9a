import { expect, test } from "vitest";
import { judge, type Verdict } from "../lib/verdict.js";

const failed: Verdict = { code: 1003, text: "The server failed" };

function ask(answer: () => unknown, maxCode = 999) {
  const errors: unknown[] = [];
  const court = { callback: "beforeAccept", maxCode, failed, report: (error: unknown) => void errors.push(error) };
  return { verdict: judge(court, answer), errors };
}

const reason = { code: 7, text: "no" };
/** A promise of another realm. */
// biome-ignore lint/suspicious/noThenProperty: what is tested
const thenable = (value: unknown) => ({ then: (resolve: (value: unknown) => void) => resolve(value) });

test.each([
  ["true", true],
  ["a reason", reason],
  ["an empty text", { code: 0, text: "" }],
  ["the largest code, and 120 bytes", { code: 999, text: "\u{1f680}".repeat(30) }],
])("%s is a verdict, at once and as a promise", async (_, answer) => {
  expect(ask(() => answer)).toEqual({ verdict: answer, errors: [] });
  for (const later of [async () => answer, () => thenable(answer)]) {
    const { verdict, errors } = ask(later);
    expect([await verdict, errors]).toEqual([answer, []]);
  }
});

test.each([
  ["nothing", undefined],
  ["false", false],
  ["null", null],
  ["1", 1],
  ["a text", "no"],
  ["a function", () => true],
  ["a reason without text", { code: 7 }],
  ["a code that is too large", { code: 1000, text: "" }],
  ["a code below 0", { code: -1, text: "" }],
  ["half a code", { code: 0.5, text: "" }],
  ["a code as text", { code: "7", text: "" }],
  ["a text of 121 bytes", { code: 7, text: "x".repeat(121) }],
])("%s lets nobody in, and is told with the name of the callback", async (_, answer) => {
  for (const give of [() => answer, async () => answer]) {
    const { verdict, errors } = ask(give);
    expect(await verdict).toBe(failed);
    expect(errors).toEqual([expect.objectContaining({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE" })]);
    expect(String(errors[0])).toMatch(/^TypeError: The answer of beforeAccept must be true, /);
  }
});

test("what the callback throws is told as it is, and lets nobody in", async () => {
  const error = new Error("mine");
  const thrown = ask(() => {
    throw error;
  });
  expect(thrown).toEqual({ verdict: failed, errors: [error] });
  const rejected = ask(() => Promise.reject(error));
  expect([await rejected.verdict, rejected.errors]).toEqual([failed, [error]]);
});

test("a reason is read once, and one that throws is the failure of the callback", async () => {
  let reads = 0;
  const changing = {
    get code() {
      return ++reads;
    },
    text: "no",
  };
  expect(ask(() => changing)).toEqual({ verdict: { code: 1, text: "no" }, errors: [] });
  const error = new Error("mine");
  const throwing = {
    get code(): number {
      throw error;
    },
  };
  expect(ask(() => throwing)).toEqual({ verdict: failed, errors: [error] });
  const later = ask(async () => throwing);
  expect([await later.verdict, later.errors]).toEqual([failed, [error]]);
});
