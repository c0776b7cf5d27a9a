import { expect, test, vi } from "vitest";
import { definePrefab, grid, NetworkBehaviour, networked } from "../../../lib/object/index.js";
import { GridRule } from "../../../lib/object/interest/grid-rule.js";
import { float32, u8, vec2 } from "../../../lib/serialization/index.js";
import { ObjectWorld } from "../../support/object-world.js";

const Unit = networked(class Unit extends NetworkBehaviour {}, {
  health: u8,
  position: [vec2(float32), { delivery: "latest", every: 3 }],
});
class Ghost extends NetworkBehaviour {
  position: { x: number; y: number } | null = null;
  ticks = 0;
  override tick() {
    this.ticks++;
  }
}
const GhostUnit = networked(Ghost, { size: u8 });
const UnitPrefab = definePrefab("unit", { unit: Unit });
const GhostPrefab = definePrefab("ghost", { ghost: GhostUnit });

async function open() {
  const world = new ObjectWorld({
    prefabs: [UnitPrefab, GhostPrefab],
    manager: { interest: grid({ enter: 10, leave: 12 }) },
  });
  await world.server.start();
  const end = await world.enter();
  const seen = () => end.world.objects.map(({ netId }) => netId);
  return { world, end, seen };
}

test("a player sees what comes near, also if its position is no networked member, and from its focus", async () => {
  const { world, end, seen } = await open();
  const { unit, identity } = world.objects.spawn(UnitPrefab);
  const ghost = world.objects.spawn(GhostPrefab);
  await world.run(200);
  expect(seen()).toEqual([]);
  world.objects.focus(end.player, { x: 0, y: 0 });
  await world.run(200);
  expect(seen()).toEqual([identity.netId]);
  unit.position = { x: 50, y: 0 };
  ghost.ghost.position = { x: 0, y: 9 };
  await world.run(300);
  expect(seen()).toEqual([ghost.identity.netId]);
  unit.position.x = 5;
  ghost.ghost.position.x = 50;
  await world.run(300);
  expect(seen()).toEqual([identity.netId]);
  world.objects.focus(end.player, { x: 50, y: 9 });
  await world.run(200);
  expect(seen()).toEqual([ghost.identity.netId]);
  world.objects.focus(end.player, null);
  await world.run(200);
  expect(seen()).toEqual([]);
  world.objects.setCharacter(end.player, identity);
  unit.position = { x: 45, y: 9 };
  await world.run(300);
  expect(seen().sort()).toEqual([identity.netId, ghost.identity.netId].sort());
  expect([world.errors, world.failures]).toEqual([[], []]);
});

test("what does not move costs nothing, and only objects with a tick are visited in each", async () => {
  const { world, end } = await open();
  const units = Array.from({ length: 50 }, (_, x) => {
    return world.objects.spawn(UnitPrefab, { init: ({ unit }) => void Object.assign(unit.position, { x }) }).unit;
  });
  const ghost = world.objects.spawn(GhostPrefab, {
    init: ({ ghost }) => void Object.assign(ghost, { position: units[0]?.position }),
  });
  world.objects.focus(end.player, { x: 0, y: 0 });
  await world.run(200);
  const items = vi.spyOn(GridRule.prototype, "moveItem");
  const centres = vi.spyOn(GridRule.prototype, "moveCentre");
  const before = ghost.ghost.ticks;
  for (const unit of units) unit.health++;
  await world.run(500);
  expect([items.mock.calls.length, centres.mock.calls.length]).toEqual([0, 0]);
  expect(ghost.ghost.ticks).toBeGreaterThan(before + 5);
  (units[3] as { position: { x: number } }).position.x = 7;
  await world.run(500);
  expect(items.mock.calls.length).toBe(1);
  ghost.identity.destroy();
  const last = ghost.ghost.ticks;
  await world.run(500);
  expect(ghost.ghost.ticks).toBe(last);
  vi.restoreAllMocks();
});

test("where a listener puts an object it is seen, also if it does not move again", async () => {
  const { world, end, seen } = await open();
  const { unit, identity } = world.objects.spawn(UnitPrefab, {
    init: ({ unit }) => void Object.assign(unit.position, { x: 50 }),
  });
  world.objects.focus(end.player, { x: 0, y: 0 });
  await world.run(200);
  expect(seen()).toEqual([]);
  unit.on("health", (health) => {
    unit.position.x = health === 1 ? 5 : 50;
  });
  unit.health = 1;
  await world.run(500);
  expect(seen()).toEqual([identity.netId]);
  unit.health = 2;
  await world.run(500);
  expect(seen()).toEqual([]);
});
