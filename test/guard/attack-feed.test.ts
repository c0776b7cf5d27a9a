import { expect, test } from "vitest";
import { type AttackBatch, AttackFeed } from "../../lib/guard/attack-feed.js";
import { ConnectionGuard, type Pass } from "../../lib/guard/connection-guard.js";
import { FakeClock } from "../../lib/testing/index.js";

function feeding() {
  const clock = new FakeClock();
  const errors: unknown[] = [];
  const batches: AttackBatch[] = [];
  const feed = new AttackFeed(clock, (error) => errors.push(error));
  feed.route = (batch) => void batches.push(batch);
  return { clock, errors, batches, feed };
}

test("what comes in one turn leaves together, and batches come at most 5 times a second", () => {
  const { batches, clock, feed } = feeding();
  feed.add("known", "192.0.2.1", 1000);
  feed.add("banned", "192.0.2.2", null);
  expect(batches).toEqual([]);
  clock.advance(1);
  expect(batches).toEqual([{ known: [["192.0.2.1", 1000]], banned: [["192.0.2.2", null]] }]);
  for (let ms = 0; ms < 1000; ms += 10) {
    feed.add("known", `192.0.2.${ms / 10}`, 1000);
    clock.advance(10);
  }
  expect(batches.length).toBeLessThanOrEqual(6);
  clock.advance(400);
  expect(batches.flatMap(({ known }) => known)).toHaveLength(101);
  expect(clock.timerCount).toBe(0);
});

test("a batch waits until 200 ms have passed since the one before", () => {
  const { batches, clock, feed } = feeding();
  feed.add("known", "192.0.2.1", 1000);
  clock.advance(0);
  expect(batches).toHaveLength(1);
  feed.add("known", "192.0.2.2", 1000);
  clock.advance(199);
  expect(batches).toHaveLength(1);
  clock.advance(1);
  expect(batches).toHaveLength(2);
});

test("a batch has at most 4096 sources, bans first, and at most 65,536 of a list wait", () => {
  const { batches, clock, feed } = feeding();
  for (let at = 0; at < 70_000; at++) feed.add("known", `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`, 1);
  feed.add("banned", "192.0.2.2", 1);
  clock.advance(60_000);
  expect(batches[0]?.banned).toHaveLength(1);
  expect(Math.max(...batches.map(({ banned, known }) => banned.length + known.length))).toBe(4096);
  expect(batches.flatMap(({ known }) => known)).toHaveLength(65_536);
});

test("the next batch waits for a route that is slow, and one that fails ends nothing", async () => {
  const { clock, errors, feed } = feeding();
  let finish: (how: "well" | "badly") => void = () => {};
  let calls = 0;
  feed.route = () => {
    calls++;
    return new Promise((resolve, reject) => {
      finish = (how) => (how === "well" ? resolve() : reject(new Error("nft")));
    });
  };
  const settle = async () => {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    clock.advance(1000);
  };
  feed.add("known", "192.0.2.1", 1);
  await settle();
  feed.add("known", "192.0.2.2", 1);
  await settle();
  expect(calls).toBe(1);
  finish("badly");
  await settle();
  expect([calls, errors.length]).toEqual([2, 1]);
  finish("well");
  await settle();
  feed.route = () => {
    throw new Error("at once");
  };
  feed.add("known", "192.0.2.3", 1);
  await settle();
  expect(errors.length).toBe(2);
});

test("a route that is slow is never called twice at once, and none of it goes on after clear", async () => {
  const { clock, feed } = feeding();
  const calls: (() => void)[] = [];
  feed.route = () => new Promise<void>((resolve) => void calls.push(resolve));
  const settle = async () => {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  };
  feed.add("banned", "192.0.2.1", 1);
  clock.advance(0);
  feed.clear();
  feed.add("banned", "192.0.2.1", 0);
  clock.advance(1000);
  expect(calls).toHaveLength(1);
  calls[0]?.();
  await settle();
  clock.advance(1000);
  expect(calls).toHaveLength(2);
  feed.clear();
  calls[1]?.();
  await settle();
  expect(clock.timerCount).toBe(0);
});

function guarded() {
  const clock = new FakeClock();
  const guard = new ConnectionGuard({}, clock);
  const batches: AttackBatch[] = [];
  guard.routeAttack = (batch) => void batches.push(batch);
  const next = () => {
    clock.advance(300);
    return batches.splice(0);
  };
  return { clock, guard, next };
}

test("in peace the route hears nothing, and at the begin of a flood who is known and who is banned", () => {
  const { clock, guard, next } = guarded();
  (guard.accept("192.0.2.1:5000") as Pass).proven();
  guard.ban("192.0.2.2", Number.POSITIVE_INFINITY);
  guard.ban("2001:db8::1", 5000);
  clock.advance(1000);
  expect(next()).toEqual([]);
  guard.kernelDropped(1000);
  expect(guard.isUnderAttack).toBe(true);
  expect(next()).toEqual([
    {
      known: [["192.0.2.1", 600_000 - 1300]],
      banned: [
        ["192.0.2.2", null],
        ["2001:db8:0:0::/64", 5000 - 1300],
      ],
    },
  ]);
});

test("during a flood it hears of proofs, bans and their end, and after it nothing", () => {
  const { clock, guard, next } = guarded();
  guard.kernelDropped(1000);
  (guard.accept("192.0.2.3") as Pass).proven();
  for (let at = 0; at < 31; at++) guard.accept("192.0.2.4");
  guard.ban("192.0.2.5", 1000);
  expect(next()).toEqual([
    {
      known: [["192.0.2.3", 600_000]],
      banned: [
        ["192.0.2.4", 300_000],
        ["192.0.2.5", 1000],
      ],
    },
  ]);
  guard.unban("192.0.2.4");
  guard.allow("192.0.2.5");
  expect(next()).toEqual([{ known: [], banned: [["192.0.2.4", 0]] }]);
  clock.advance(31_000);
  expect(guard.isUnderAttack).toBe(false);
  guard.ban("192.0.2.6", 1000);
  expect(next()).toEqual([]);
});

test("a route that is set during a flood hears of everything, and its failures are an event", () => {
  const { clock, guard, next } = guarded();
  guard.routeAttack = null;
  guard.kernelDropped(1000);
  guard.ban("192.0.2.5", 1000);
  const errors: unknown[] = [];
  guard.on("routeFailed", (error) => errors.push(error));
  guard.routeAttack = () => {
    throw new Error("no nft");
  };
  expect(next()).toEqual([]);
  expect(errors).toEqual([new Error("no nft")]);
  expect(() => {
    guard.routeAttack = 5 as never;
  }).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
  guard.close();
  clock.advance(60_000);
  expect(clock.timerCount).toBe(0);
});

test("lists that are imported during a flood come to the route too", () => {
  const { clock, guard, next } = guarded();
  const other = new ConnectionGuard({}, clock);
  other.ban("192.0.2.9", 60_000);
  for (let at = 0; at < 4096; at++) guard.accept(`10.64.${at >> 8}.${at & 255}`);
  next();
  guard.import(other.export());
  expect(next().flatMap(({ banned }) => banned.map(([source]) => source))).toEqual(["192.0.2.9"]);
});
