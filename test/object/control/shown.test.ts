import { expect, test } from "vitest";
import { CraftWorld } from "../../support/craft-world.js";

test("what is shown of a controlled behaviour goes on between ticks, and glides over a correction", async () => {
  const world = new CraftWorld({ lag: { latencyMs: 50 } });
  await world.server.start();
  const { craft, ownCraft, world: seen } = await world.enterCraft();
  let forward = 1;
  world.flying.control(ownCraft, () => ({ forward, turn: 0, light: false }));
  await world.run(500);
  const frames = async (count: number) => {
    const drawn: number[] = [];
    for (let frame = 0; frame < count; frame++) {
      await world.run(4, 4);
      seen.update();
      drawn.push(ownCraft.shown.position.x);
    }
    return drawn.slice(1).map((x, index) => x - (drawn[index] as number));
  };
  const moves = await frames(50);
  expect(Math.min(...moves)).toBeGreaterThan(0);
  forward = 0;
  await world.run(5000);
  craft.position.x += 2;
  const { x } = ownCraft.position;
  const glide = await frames(100);
  expect(ownCraft.position.x - x).toBeGreaterThan(1.9);
  // In 100 ms, frames of 4 ms: a jump would be 2 in one of them.
  expect(Math.max(...glide)).toBeLessThan(0.3);
  expect(glide.reduce((sum, move) => sum + move, 0)).toBeGreaterThan(1.9);
  expect([world.errors, world.failures]).toEqual([[], []]);
});
