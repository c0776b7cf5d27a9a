import { expect, test } from "vitest";
import { RaceLost, race } from "../../../lib/socket/browser/race.js";
import { FakeClock } from "../../../lib/testing/index.js";

const settle = () => new Promise(setImmediate);

/** A race of two attempts that the test ends by hand. */
function start(headStartMs: number) {
  const clock = new FakeClock();
  const begun: string[] = [];
  const ends: Record<string, { win: () => void; fail: () => void }> = {};
  const attempt = (name: string) => () => {
    begun.push(name);
    return new Promise<string>((resolve, reject) => {
      ends[name] = { win: () => resolve(name), fail: () => reject(new Error(name)) };
    });
  };
  const running = race(attempt("first"), attempt("second"), headStartMs, clock);
  running.catch(() => {});
  const end = async (name: "first" | "second", how: "win" | "fail") => {
    ends[name]?.[how]();
    await settle();
  };
  return { clock, begun, end, running };
}

test("the first has a head start, and none follows when it has won", async () => {
  const { clock, begun, end, running } = start(1000);
  clock.advance(999);
  expect(begun).toEqual(["first"]);
  await end("first", "win");
  expect(await running).toEqual({ winner: "first", result: "first", firstError: undefined });
  clock.advance(1000);
  expect(begun).toEqual(["first"]);
  expect(clock.timerCount).toBe(0);
});

test("the second begins after the head start, and may win", async () => {
  const { clock, begun, end, running } = start(1000);
  clock.advance(1000);
  expect(begun).toEqual(["first", "second"]);
  await end("second", "win");
  await end("first", "win");
  expect(await running).toEqual({ winner: "second", result: "second", firstError: undefined });
});

test("the first may still win when the second has begun, or has failed", async () => {
  const { clock, end, running } = start(1000);
  clock.advance(1000);
  await end("second", "fail");
  await end("first", "win");
  expect(await running).toMatchObject({ winner: "first" });
});

test("the second begins at once when the first fails, once", async () => {
  const { clock, begun, end, running } = start(1000);
  await end("first", "fail");
  expect(begun).toEqual(["first", "second"]);
  clock.advance(5000);
  expect(begun).toEqual(["first", "second"]);
  await end("second", "win");
  expect(await running).toMatchObject({ winner: "second", firstError: new Error("first") });
  expect(clock.timerCount).toBe(0);
});

test("without a head start both begin", () => {
  expect(start(0).begun).toEqual(["first", "second"]);
});

test.each([
  ["first", "second"],
  ["second", "first"],
] as const)("it is lost when both have failed, the %s before the %s", async (one, other) => {
  const { clock, end, running } = start(0);
  await end(one, "fail");
  await end(other, "fail");
  await expect(running).rejects.toEqual(new RaceLost(new Error("first"), new Error("second")));
  expect(clock.timerCount).toBe(0);
});
