import { expect, test } from "vitest";
import { CHECKPOINT_BYTES_PER_SECOND, CHECKPOINT_MS, Checkpoints } from "../../../lib/rooms/fleet/checkpoints.js";
import { FakeClock } from "../../../lib/testing/fake-clock.js";
import { advance } from "./support.js";

function world() {
  const clock = new FakeClock();
  const errors: unknown[] = [];
  const checkpoints = new Checkpoints({ clock, onError: (error) => errors.push(error) });
  /** Adds a room whose state has so many bytes; `times` says when it was stored. */
  const add = (sizeBytes: number) => {
    const times: number[] = [];
    const remove = checkpoints.add({
      snapshot: () => new Uint8Array(sizeBytes),
      store: async () => void times.push(clock.now()),
    });
    return { times, remove };
  };
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) await advance(clock, 100);
  };
  return { clock, errors, checkpoints, add, pass };
}

test("a room is stored every 2 s, until it is removed; without rooms there is no timer", async () => {
  const { clock, checkpoints, add, pass } = world();
  expect(clock.timerCount).toBe(0);
  const room = add(1000);
  await pass(6500);
  expect(room.times).toEqual([2000, 4000, 6000]);
  expect(checkpoints.metrics).toEqual({ stored: 3, storedBytes: 3000, late: 0, failed: 0 });
  room.remove();
  await pass(5000);
  expect([room.times.length, clock.timerCount]).toEqual([3, 0]);
  const other = add(1);
  await pass(2000);
  expect(other.times.length).toBe(1);
});

test("all rooms of a host keep within the bytes of a second; what does not fit is older, and counted", async () => {
  const { checkpoints, add, pass } = world();
  // 100 rooms of 16 KiB every 2 s would be 800 KiB a second.
  const rooms = Array.from({ length: 100 }, () => add(16_384));
  await pass(20_000);
  const { stored, storedBytes, late } = checkpoints.metrics;
  expect(storedBytes).toBeLessThanOrEqual(21 * CHECKPOINT_BYTES_PER_SECOND + 16_384);
  expect(storedBytes).toBeGreaterThan(18 * CHECKPOINT_BYTES_PER_SECOND);
  const counts = rooms.map(({ times }) => times.length);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  expect(late).toBeGreaterThan(stored / 2);
});

test("a checkpoint that is larger than a second's bytes is made, and the others wait for it", async () => {
  const { add, pass } = world();
  const large = add(4 * CHECKPOINT_BYTES_PER_SECOND);
  const small = add(10);
  await pass(10_000);
  expect(large.times[0]).toBe(CHECKPOINT_MS);
  expect(small.times[0]).toBeGreaterThan(CHECKPOINT_MS + 2500);
  expect(large.times.length).toBeLessThanOrEqual(3);
});

test("a room that has not changed takes nothing; one that fails is reported, and its turn comes again", async () => {
  const { errors, checkpoints, pass } = world();
  let snapshots = 0;
  checkpoints.add({ snapshot: () => null, store: () => Promise.reject(new Error("nothing to store")) });
  const remove = checkpoints.add({
    snapshot: () => {
      if (++snapshots === 1) throw new Error("snapshot");
      return new Uint8Array(1);
    },
    store: async () => {
      if (snapshots === 2) throw new Error("store");
      remove();
    },
  });
  await pass(10_000);
  expect(errors.map(String)).toEqual(["Error: snapshot", "Error: store"]);
  expect(snapshots).toBe(3);
  expect(checkpoints.metrics).toEqual({ stored: 1, storedBytes: 1, late: 0, failed: 2 });
});

test("a room whose last checkpoint is still being stored is not stored twice at a time", async () => {
  const { checkpoints, pass } = world();
  let running = 0;
  let most = 0;
  let finish = () => {};
  checkpoints.add({
    snapshot: () => new Uint8Array(1),
    store: async () => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      running--;
    },
  });
  await pass(9000);
  finish();
  await pass(200);
  expect([most, checkpoints.metrics.stored, running]).toEqual([1, 1, 1]);
});

test("a room that ends while its checkpoint is being stored is no error", async () => {
  const { errors, checkpoints, pass } = world();
  let fail = (_error: Error) => {};
  const store = () => new Promise<void>((_resolve, reject) => (fail = reject));
  const remove = checkpoints.add({ snapshot: () => new Uint8Array(1), store });
  await pass(2100);
  remove();
  fail(new Error("The room has ended"));
  await pass(1000);
  expect([errors, checkpoints.metrics.failed]).toEqual([[], 0]);
});
