import { expect, test } from "vitest";
import {
  definePrefab,
  type NetworkIdentity,
  NetworkTransform2D,
  NetworkTransform3D,
} from "../../../lib/object/index.js";
import { ObjectWorld } from "../../support/object-world.js";

class Turret extends NetworkTransform2D {}
const TurretPrefab = definePrefab("turret", { turret: Turret, body: NetworkTransform3D });

test("transforms in the plane and in space are drawn between what arrived", async () => {
  const world = new ObjectWorld({ tickRate: 60, lag: { latencyMs: 40 }, prefabs: [TurretPrefab] });
  await world.server.start();
  const end = await world.enter();
  const { turret, body, identity } = world.objects.spawn(TurretPrefab);
  let jumpTick = Number.POSITIVE_INFINITY;
  world.server.on("ticked", (tick) => {
    const far = tick >= jumpTick ? 1000 : 0;
    const half = (tick * Math.PI) / 360;
    if (tick === jumpTick) turret.teleport({ x: far + tick, y: 0 });
    turret.position.x = far + tick;
    turret.rotation = (tick * 4) % 360;
    body.position.z = far + tick;
    body.rotation = { x: 0, y: Math.sin(half), z: 0, w: Math.cos(half) };
  });
  const seen = () => (end.world.get(identity.netId) as NetworkIdentity).behaviours;
  const check = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 5) {
      await world.run(5);
      end.world.update();
      const tick = end.world.shownTick as number;
      const shown = { turret: (seen().turret as Turret).shown, body: (seen().body as typeof body).shown };
      // In the tick before it teleports it rests.
      if (Math.ceil(tick) === jumpTick) continue;
      const far = tick >= jumpTick ? 1000 : 0;
      expect(shown.turret.position.x).toBeCloseTo(far + tick, 2);
      expect(shown.body.position.z).toBeCloseTo(far + tick, 2);
      expect(Math.cos(((shown.turret.rotation - tick * 4) * Math.PI) / 180)).toBeCloseTo(1, 4);
      const half = (tick * Math.PI) / 360;
      const { y, w } = shown.body.rotation;
      // 10 bits a component; a quaternion and its negative are the same rotation.
      expect(Math.abs(y * Math.sin(half) + w * Math.cos(half))).toBeCloseTo(1, 4);
      expect(Math.hypot(y, w)).toBeCloseTo(1, 4);
    }
  };
  await world.run(500);
  end.world.update();
  await check(1000);
  jumpTick = world.server.tick + 5;
  await check(500);
  expect([world.errors, world.failures]).toEqual([[], []]);
});
