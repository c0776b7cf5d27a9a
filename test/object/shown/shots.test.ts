import { describe, expect, test } from "vitest";
import { definePrediction, definePrefab, NetworkBehaviour, networked, type Prefab } from "../../../lib/object/index.js";
import { bool, float32, struct, u8 } from "../../../lib/serialization/index.js";
import type { LagConditions } from "../../../lib/socket/index.js";
import { type AnyBody, BodyPrefab } from "../../support/body-world.js";
import { ObjectWorld } from "../../support/object-world.js";

const LEG = 40;
/** Goes, turns, rests, and goes back. */
const path = (tick: number) => {
  const phase = tick % 300;
  const turn = 20 - 20 * Math.cos((Math.PI * Math.min(phase, 120)) / 60);
  return turn + (phase > 200 ? (phase - 200) * 0.2 : 0);
};

const Gun = networked(class Gun extends NetworkBehaviour {}, { shots: [u8, { delivery: "latest" }] });
const GunPrefab: Prefab<{ gun: typeof Gun }> = definePrefab("gun", { gun: Gun });

/** Shots of a player at what it is shown: how far from that the target is that the server rewinds, by tick. */
async function shoot(lag: Partial<LagConditions>, seed: number, ms: number) {
  const errors = new Map<number, number>();
  let world: ObjectWorld | null = null;
  const aiming = definePrediction(Gun, {
    input: struct({ isShot: bool, x: float32 }),
    step(gun, { isShot, x }, { tick }) {
      gun.shots = (gun.shots + 1) % 256;
      const { owner } = gun.identity;
      if (!isShot || !world || gun.identity.observers.size === 0 || !owner) return;
      const body = world.objects.objects.find(({ prefab }) => prefab === "body")?.behaviours.body as AnyBody;
      errors.set(
        tick,
        world.objects.rewind(owner, () => Math.abs(body.position.x - x)),
      );
    },
  });
  world = new ObjectWorld({ lag, seed, tickRate: 60, prefabs: [BodyPrefab, GunPrefab], predictions: [aiming] });
  await world.server.start();
  const end = await world.enter();
  const { body } = world.objects.spawn(BodyPrefab);
  world.server.on("ticked", (tick) => {
    body.position.x = path(tick);
  });
  const { identity } = world.objects.spawn(GunPrefab, { owner: end.player });
  await world.until(() => end.world.get(identity.netId) !== null);
  const gun = end.world.get(identity.netId)?.behaviours.gun as InstanceType<typeof Gun>;
  const seen = () => end.world.get(body.identity.netId)?.behaviours.body as AnyBody | undefined;
  let isShooting = false;
  aiming.control(gun, () => ({ isShot: isShooting, x: seen()?.shown.position.x ?? 0 }));
  const draw = async (forMs: number) => {
    for (let passed = 0; passed < forMs; passed += 5) {
      await world?.run(5);
      end.world.update();
    }
  };
  await draw(3000);
  isShooting = true;
  await draw(ms);
  isShooting = false;
  await draw(1000);
  expect([world.errors, world.failures]).toEqual([[], []]);
  return [...errors.values()];
}

describe.each([0, 0.02])("with 150 ms of round trip, jitter and a loss of %d", (loss) => {
  test("of 1000 shots by input at what a client shows at least 99 % hit the rewound target", async () => {
    const errors = await shoot({ latencyMs: 70, jitterMs: 10, loss }, 3, 20_000);
    expect(errors.length).toBeGreaterThanOrEqual(1000);
    const hits = errors.filter((error) => error <= 0.01 * LEG).length;
    expect(hits / errors.length).toBeGreaterThanOrEqual(0.99);
  });
});
