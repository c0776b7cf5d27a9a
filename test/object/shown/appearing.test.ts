import { describe, expect, test } from "vitest";
import { definePrediction, definePrefab, NetworkBehaviour, networked, type Prefab } from "../../../lib/object/index.js";
import { bool, float32, struct, u8 } from "../../../lib/serialization/index.js";
import type { LagConditions } from "../../../lib/socket/index.js";
import { type AnyBody, BodyPrefab } from "../../support/body-world.js";
import { ObjectWorld } from "../../support/object-world.js";

const Gun = networked(class Gun extends NetworkBehaviour {}, { shots: [u8, { delivery: "latest" }] });
const GunPrefab: Prefab<{ gun: typeof Gun }> = definePrefab("gun", { gun: Gun });

/**
 * A body moves by 1 in each tick. A player sees it in each second half of a second only, and shoots at it in each tick
 * in which it does.
 */
async function shoot(lag: Partial<LagConditions>) {
  /** By how much the rewound body was off. */
  const errors: number[] = [];
  /** What the client was told of its place, each time that it appeared. */
  const places: number[][] = [];
  let world: ObjectWorld | null = null;
  const aiming = definePrediction(Gun, {
    input: struct({ isShot: bool, x: float32 }),
    step(gun, { isShot, x }) {
      gun.shots = (gun.shots + 1) % 256;
      const { owner } = gun.identity;
      if (!isShot || !world || gun.identity.observers.size === 0 || !owner) return;
      const body = world.objects.objects.find(({ prefab }) => prefab === "body")?.behaviours.body as AnyBody;
      errors.push(world.objects.rewind(owner, () => Math.abs(body.position.x - x)));
      expect(body.position.x).toBe(place);
    },
  });
  let place = 0;
  world = new ObjectWorld({ lag, seed: 5, tickRate: 60, prefabs: [BodyPrefab, GunPrefab], predictions: [aiming] });
  await world.server.start();
  const end = await world.enter();
  end.world.onSpawned(BodyPrefab, ({ body }) => {
    const heard = [body.position.x];
    places.push(heard);
    body.on("position", ({ x }) => heard.push(x));
  });
  const { body } = world.objects.spawn(BodyPrefab);
  const { identity } = world.objects.spawn(GunPrefab, { owner: end.player });
  world.server.on("ticked", (tick) => {
    place = body.position.x = tick;
    if (tick % 60 === 0) body.identity.hide(end.player);
    if (tick % 60 === 30) body.identity.show(end.player);
  });
  await world.until(() => end.world.get(identity.netId) !== null);
  const gun = end.world.get(identity.netId)?.behaviours.gun as InstanceType<typeof Gun>;
  const seen = () => end.world.get(body.identity.netId)?.behaviours.body as AnyBody | undefined;
  let isShooting = false;
  aiming.control(gun, () => ({ isShot: isShooting && seen() !== undefined, x: seen()?.shown.position.x ?? 0 }));
  for (let passed = 0; passed < 20_000; passed += 5) {
    await world.run(5);
    end.world.update();
    isShooting = passed > 2000;
  }
  expect([world.errors, world.failures]).toEqual([[], []]);
  return { errors, places };
}

describe("a body that appears and goes again and again", () => {
  test("is rewound to where it was shown", async () => {
    const { errors } = await shoot({ latencyMs: 50, jitterMs: 5 });
    expect(errors.length).toBeGreaterThan(400);
    expect(Math.max(...errors)).toBeLessThan(0.1);
  });

  test("moves from its first tick on, and never back, under loss and reordering", async () => {
    const { places } = await shoot({ latencyMs: 50, jitterMs: 5, loss: 0.1, reorder: 0.1 });
    expect(places.length).toBeGreaterThan(14);
    for (const heard of places) {
      expect(heard.every((x, index) => index === 0 || x > (heard[index - 1] as number))).toBe(true);
    }
    const pauses = places.flatMap((heard) => heard.slice(1).map((x, index) => x - (heard[index] as number)));
    expect(pauses.filter((pause) => pause === 1).length / pauses.length).toBeGreaterThan(0.8);
  });
});
