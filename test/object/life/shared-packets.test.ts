import { expect, test } from "vitest";
import { type AnyShip, type ObjectEnd, ObjectWorld, ShipPrefab } from "../../support/object-world.js";

const CLIENTS = 4;
const TICKS = 60;

/** Most of what a player gets is written for all; its own ship it gets without what it has set itself. */
test.each([0, 0.1])("in a room each gets all changes but its own, with a loss of %d", async (loss) => {
  const world = new ObjectWorld({ tickRate: 50, lag: { loss, latencyMs: 40 }, seed: 2 });
  await world.server.start();
  const ends: ObjectEnd[] = [];
  for (let index = 0; index < CLIENTS; index++) ends.push(await world.enter());
  // The last client owns none, and one ship is nobody's.
  const ships = ends.map(({ player }, index) =>
    world.objects.spawn(ShipPrefab, { owner: index < CLIENTS - 1 ? player : null }),
  );
  await world.run(400, 10);
  const at = (end: ObjectEnd, index: number) =>
    end.world.get(ships[index]?.identity.netId ?? 0)?.behaviours.ship as AnyShip;
  const heard = ships.map((): number[] => []);
  for (const [index, list] of heard.entries()) {
    if (index < CLIENTS - 1) at(ends[index] as ObjectEnd, index).on("aim", (now) => list.push(now));
  }
  for (let tick = 1; tick <= TICKS; tick++) {
    for (const { ship } of ships) ship.position = { x: tick, y: 2 * tick };
    for (let index = 0; index < CLIENTS - 1; index++) at(ends[index] as ObjectEnd, index).aim = tick;
    await world.run(20, 20);
  }
  await world.run(2000, 20);
  for (const end of ends) {
    for (const [index] of ships.entries()) {
      const { position, aim } = at(end, index);
      expect([position.x, position.y, aim]).toEqual([TICKS, 2 * TICKS, index < CLIENTS - 1 ? TICKS : 0]);
    }
  }
  // Nothing that it has set comes back from the server later.
  for (const list of heard.slice(0, -1)) expect(list).toEqual([...list].sort((a, b) => a - b));
  expect([world.errors, world.failures, world.warnings]).toEqual([[], [], []]);
});

/** What changes is written as it comes, and put in order by who sees it: here after one, two, three changes. */
test("two groups whose objects change in turn get each their own, in many packets", async () => {
  const world = new ObjectWorld({ tickRate: 50, seed: 3 });
  await world.server.start();
  const ends = [await world.enter(), await world.enter()] as const;
  const groupOf = (index: number) => (index % 6 === 0 || index % 6 > 2 ? 0 : 1);
  const ships = Array.from({ length: 600 }, (_, index) => {
    const spawned = world.objects.spawn(ShipPrefab);
    spawned.identity.hide(ends[1 - groupOf(index)]?.player as never);
    return spawned;
  });
  await world.run(400, 10);
  for (let tick = 1; tick <= 5; tick++) {
    for (const [index, { ship }] of ships.entries()) ship.position = { x: index, y: tick };
    await world.run(20, 20);
  }
  await world.run(400, 20);
  for (const [index, { identity }] of ships.entries()) {
    const seen = ends.map((end) => (end.world.get(identity.netId)?.behaviours.ship as AnyShip | undefined)?.position);
    const place = seen[groupOf(index)];
    expect([place?.x, place?.y, seen[1 - groupOf(index)]]).toEqual([index, 5, undefined]);
  }
  expect([world.errors, world.failures, world.warnings]).toEqual([[], [], []]);
});
