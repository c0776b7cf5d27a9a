import { describe, expect, test } from "vitest";
import { RouteWatch } from "../../../lib/socket/udp/route-watch.js";
import { FakeClock } from "../../../lib/testing/index.js";

function create(look: () => Promise<void> = async () => {}) {
  const clock = new FakeClock();
  const looks: number[] = [];
  const watch = new RouteWatch(clock, () => {
    looks.push(clock.now());
    return look();
  });
  return { clock, looks, watch };
}

/** Lets promises that have been kept take effect. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("a client looks at its route", () => {
  test("after 500 ms to 1 s without an answer, and then each 500 ms until there is one", async () => {
    const { clock, looks, watch } = create();
    watch.sent();
    for (let step = 0; step < 20; step++) {
      clock.advance(100);
      await settle();
    }
    expect(looks).toEqual([1000, 1500, 2000]);
    watch.heard();
    clock.advance(10_000);
    expect(looks).toHaveLength(3);
  });

  test("never while answers come, and has no timer while it sends nothing", () => {
    const { clock, looks, watch } = create();
    for (let step = 0; step < 100; step++) {
      watch.sent();
      clock.advance(100);
      watch.heard();
    }
    clock.advance(500);
    expect(looks).toEqual([]);
    expect(clock.timerCount).toBe(0);
  });

  test("at once when the system refuses to send, but not again within 500 ms", async () => {
    const { clock, looks, watch } = create();
    for (let step = 0; step < 12; step++) {
      watch.lookSoon();
      await settle();
      clock.advance(100);
    }
    expect(looks).toEqual([0, 500, 1000]);
  });

  test("once at a time; one that failed does not prevent the next", async () => {
    let fail = () => {};
    const { clock, looks, watch } = create(() => new Promise((_, reject) => (fail = reject as () => void)));
    watch.lookSoon();
    clock.advance(1000);
    watch.lookSoon();
    expect(looks).toEqual([0]);
    fail();
    await settle();
    watch.lookSoon();
    expect(looks).toEqual([0, 1000]);
  });

  test("not after it is closed", () => {
    const { clock, looks, watch } = create();
    watch.sent();
    clock.advance(600);
    watch.close();
    watch.lookSoon();
    clock.advance(10_000);
    expect(looks).toEqual([]);
    expect(clock.timerCount).toBe(0);
  });
});
