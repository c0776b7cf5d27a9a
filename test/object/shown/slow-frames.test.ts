import { expect, test } from "vitest";
import { definePrediction, definePrefab, NetworkBehaviour, networked, type Prefab } from "../../../lib/object/index.js";
import { float32, struct, u8 } from "../../../lib/serialization/index.js";
import { type AnyBody, BodyPrefab } from "../../support/body-world.js";
import { ObjectWorld } from "../../support/object-world.js";

const SPEED = 20;

const Gun = networked(class Gun extends NetworkBehaviour {}, { shots: [u8, { delivery: "latest" }] });
const GunPrefab: Prefab<{ gun: typeof Gun }> = definePrefab("gun", { gun: Gun });

/** A page that draws each `frameMs` sees a body move: how far off the server's view is, of each input. */
async function errorsOf(tickRate: number, frameMs: number, loss: number): Promise<number[]> {
  const errors: number[] = [];
  let world: ObjectWorld | null = null;
  const aiming = definePrediction(Gun, {
    input: struct({ x: float32 }),
    step(gun, { x }) {
      gun.shots = (gun.shots + 1) % 256;
      const { owner } = gun.identity;
      if (!world || !owner || gun.identity.observers.size === 0 || x === 0) return;
      const body = world.objects.objects.find(({ prefab }) => prefab === "body")?.behaviours.body as AnyBody;
      errors.push(world.objects.rewind(owner, () => Math.abs(body.position.x - x)));
    },
  });
  const lag = { latencyMs: 50, jitterMs: 8, loss };
  world = new ObjectWorld({
    lag,
    seed: 5,
    tickRate,
    prefabs: [BodyPrefab, GunPrefab],
    predictions: [aiming],
  });
  await world.server.start();
  const end = await world.enter();
  const { body } = world.objects.spawn(BodyPrefab);
  world.server.on("ticked", (tick) => {
    body.position.x = (SPEED * tick) / tickRate;
  });
  const { identity } = world.objects.spawn(GunPrefab, { owner: end.player });
  await world.until(() => end.world.get(identity.netId) !== null && end.client.time.isSynchronized);
  const gun = end.world.get(identity.netId)?.behaviours.gun as InstanceType<typeof Gun>;
  const seen = end.world.get(body.identity.netId)?.behaviours.body as AnyBody;
  aiming.control(gun, () => ({ x: seen.shown.position.x }));
  for (let passed = 0; passed < 10_000; passed += frameMs) {
    await world.run(frameMs);
    end.world.update();
  }
  expect([world.errors, world.failures]).toEqual([[], []]);
  return errors.slice(tickRate);
}

test.each([
  [60, 7, 0],
  [60, 30, 0],
  [60, 30, 0.02],
  // Inputs wait for two ticks of 50 ms.
  [20, 16, 0],
])("each input has the view of its own: %d Hz, frames of %d ms, a loss of %d", async (tickRate, frameMs, loss) => {
  const errors = await errorsOf(tickRate, frameMs, loss);
  expect(errors.length).toBeGreaterThan(7 * tickRate);
  const near = errors.filter((error) => error <= 0.03).length;
  expect(near / errors.length).toBeGreaterThan(0.99 - loss);
});
