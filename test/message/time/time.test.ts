import { describe, expect, test } from "vitest";
import { defineProtocol } from "../../../lib/message/index.js";
import { NetworkTimeEstimate } from "../../../lib/message/time/network-time.js";
import { FakeClock, seededRandom } from "../../../lib/testing/index.js";
import { MessageWorld } from "../../support/message-world.js";

/** A client's clock, and a server's that is ahead of it and runs at a pace of its own. */
class TwoClocks {
  readonly clock = new FakeClock();
  readonly time = new NetworkTimeEstimate(this.clock);
  readonly #random = seededRandom(5);

  constructor(
    public aheadMs: number,
    readonly drift = 0,
  ) {}

  get serverMs(): number {
    return this.clock.now() * (1 + this.drift) + this.aheadMs;
  }

  /** A ping with these one-way times, and a random part of `jitterMs` more for each. */
  ping(thereMs: number, backMs: number, jitterMs = 0, tick = 0): void {
    const sentMs = this.clock.now();
    this.clock.advance(thereMs + this.#random() * jitterMs);
    const serverMs = this.serverMs;
    this.clock.advance(backMs + this.#random() * jitterMs);
    this.time.addSample(sentMs, serverMs, tick);
  }

  get errorMs(): number {
    return this.time.nowMs - this.serverMs;
  }
}

describe("a client's estimate of the server's time", () => {
  test("is right after one ping with equal one-way times", () => {
    const world = new TwoClocks(5000);
    expect(world.time.isSynchronized).toBe(false);
    expect(world.time.nowMs).toBe(0);
    world.ping(30, 30);
    expect(world.errorMs).toBeCloseTo(0, 6);
    expect(world.time.roundTripTimeMs).toBe(60);
    expect(world.time.uncertaintyMs).toBeCloseTo(30, 6);
  });

  test("is never further off than it says", () => {
    const world = new TwoClocks(-700, 50e-6);
    for (let round = 0; round < 500; round++) {
      world.ping(5, 80, 60);
      expect(Math.abs(world.errorMs)).toBeLessThanOrEqual(world.time.uncertaintyMs + 1e-6);
      world.clock.advance(2000);
    }
  });

  test("gets better with a fast round trip among slow ones, since its bounds hold", () => {
    const world = new TwoClocks(100);
    world.ping(5, 200);
    expect(Math.abs(world.errorMs)).toBeGreaterThan(90);
    world.clock.advance(2000);
    world.ping(4, 4);
    expect(Math.abs(world.errorMs)).toBeLessThan(4.5);
  });

  test.each([100e-6, -100e-6])("follows a clock that drifts by %f for a day, without jumps", (drift) => {
    const world = new TwoClocks(1234, drift);
    let previousMs = 0;
    for (let round = 0; round < 43_200; round++) {
      world.ping(20, 20, 20);
      const nowMs = world.time.nowMs;
      if (round > 10) expect(Math.abs(nowMs - previousMs - 2000)).toBeLessThan(120);
      if (round > 500) expect(Math.abs(world.errorMs)).toBeLessThan(10);
      previousMs = nowMs;
      world.clock.advance(2000);
    }
    expect(world.time.drift).toBeGreaterThan(drift - 60e-6);
    expect(world.time.drift).toBeLessThan(drift + 60e-6);
  });

  test("starts anew when a clock has jumped", () => {
    const world = new TwoClocks(0);
    for (let round = 0; round < 20; round++) {
      world.ping(10, 10, 5);
      world.clock.advance(2000);
    }
    world.aheadMs += 60_000;
    world.ping(10, 10, 5);
    expect(Math.abs(world.errorMs)).toBeLessThan(10);
  });

  test("ignores answers from the future, and times that are not numbers", () => {
    const world = new TwoClocks(0);
    world.time.addSample(1000, 5, 1);
    world.time.addSample(0, Number.NaN, 1);
    world.time.addSample(Number.NaN, 5, 1);
    expect(world.time.isSynchronized).toBe(false);
  });
});

describe("over a network", () => {
  test("both sides know the time, the round trip and the tick", async () => {
    const protocol = defineProtocol({ name: "time", version: 1, messages: [] });
    const world = new MessageWorld({ protocol, kind: "reliable-lanes", server: { tickRate: 50 } });
    world.clock.advance(12_345);
    await world.server.start();
    const { client, player } = await world.join();
    await world.run(10_000);
    expect(Math.abs(client.time.nowMs - world.server.time.nowMs)).toBeLessThan(25);
    expect(Math.abs(client.time.tick - world.server.tick)).toBeLessThanOrEqual(2);
    expect(client.time.roundTripTimeMs).toBeGreaterThan(0);
    expect(player.roundTripTimeMs).toBeGreaterThanOrEqual(0);
  });

  test("ticks come at their rate, whatever the timers do, and are counted over a pause", async () => {
    const protocol = defineProtocol({ name: "ticks", version: 1, messages: [] });
    const world = new MessageWorld({ protocol, server: { tickRate: 60, listen: false } });
    await world.server.start();
    const ticks: number[] = [];
    world.server.on("ticked", (tick) => void ticks.push(tick));
    world.clock.advance(10_000);
    expect(ticks.length).toBe(600);
    expect(ticks).toEqual(Array.from({ length: 600 }, (_, index) => index + 1));
    world.clock.suspend(10_000);
    world.clock.advance(0);
    expect(ticks.length).toBe(605);
    world.clock.advance(1000);
    expect(world.server.tick).toBeGreaterThanOrEqual(1259);
    expect(world.server.tick).toBeLessThanOrEqual(1260);
    void world.server.stop();
  });
});
