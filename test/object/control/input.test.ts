import { describe, expect, test } from "vitest";
import { CraftWorld, move } from "../../support/craft-world.js";

const TICK_MS = 1000 / 60;
const JITTER_MS = 8;
const ONE_WAY_MS = 50;

/** 40 s of a client that controls a craft: ticks that missed their input, and how early the inputs came. */
async function fly(loss: number, seed: number) {
  const stepMs = new Map<number, number>();
  let [ticks, missing, earlyTicks] = [0, 0, 0];
  const world = new CraftWorld(
    { lag: { latencyMs: ONE_WAY_MS, jitterMs: JITTER_MS, loss }, seed },
    {
      client(craft, input, { dt, tick, isReplay }) {
        move(craft, input, dt);
        if (!isReplay) stepMs.set(tick, world.clock.now());
      },
      server(craft, input, { dt, tick }) {
        move(craft, input, dt);
        ticks++;
        earlyTicks += (world.clock.now() - (stepMs.get(tick) ?? 0) - ONE_WAY_MS - JITTER_MS / 2) / TICK_MS;
      },
    },
  );
  await world.server.start();
  const { player, ownCraft } = await world.enterCraft();
  let count = 0;
  world.flying.control(ownCraft, () => ({ forward: Math.sin(count++), turn: count % 90, light: false }));
  // What is lost is known after some seconds.
  await world.run(8000);
  [ticks, earlyTicks] = [0, 0];
  missing = world.objects.inputsOf(player).missing;
  await world.run(40_000);
  missing = world.objects.inputsOf(player).missing - missing;
  expect([world.errors, world.failures]).toEqual([[], []]);
  // Where its first packet is lost an input comes with the next one, a tick later.
  const averageEarly = earlyTicks / ticks - loss / (1 - loss);
  return { ticks, missingPart: missing / ticks, averageEarly };
}

describe("at 60 ticks a second, over 50 ms with 8 ms of jitter", () => {
  test.each([
    [0, 0.002],
    [0.05, 0.004],
    [0.2, 0.02],
  ])("and a loss of %f few ticks miss their input, and inputs are not early", async (loss, mostMissing) => {
    // One world has ten of these ticks, and another two.
    const missing: number[] = [];
    for (let seed = 1; seed <= 6; seed++) {
      const { ticks, missingPart, averageEarly } = await fly(loss, seed);
      expect(ticks).toBeGreaterThan(2390);
      expect(averageEarly).toBeLessThanOrEqual(2.5);
      missing.push(missingPart);
    }
    expect(missing.reduce((sum, part) => sum + part) / missing.length).toBeLessThanOrEqual(mostMissing);
  });
});
