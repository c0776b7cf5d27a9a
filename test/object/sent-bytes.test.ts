import { expect, test } from "vitest";
import type { INetworkPlayer } from "../../lib/message/index.js";
import { definePrefab, NetworkBehaviour, networked } from "../../lib/object/index.js";
import { float32, u8 } from "../../lib/serialization/index.js";
import { ObjectWorld, RockPrefab, ShipPrefab } from "../support/object-world.js";

test("what an object takes is counted for all who see it, while somebody asks", async () => {
  const world = new ObjectWorld();
  await world.server.start();
  const { player } = await world.enter();
  const { ship } = world.objects.spawn(ShipPrefab);
  const { rock } = world.objects.spawn(RockPrefab);
  const ordered = world.server.protocol.messages.find(({ name }) => name === "objects/ordered");
  const sent = (one: INetworkPlayer) => one.metricsOf(ordered as never).bytesSent;
  let change = () => {};
  world.server.on("ticked", () => change());
  const during = async (ms: number) => {
    const [before, sentBefore] = [world.objects.sentBytesOf(ship.identity), sent(player)];
    await world.run(ms);
    return { bytes: world.objects.sentBytesOf(ship.identity) - before, sent: sent(player) - sentBefore };
  };
  await world.run(200);
  expect((await during(1000)).bytes).toBe(0);

  change = () => {
    ship.health = (ship.health + 1) % 200;
  };
  const alone = await during(1000);
  expect(alone.bytes).toBeGreaterThanOrEqual(20); // twenty ticks, each with a value of a byte
  expect(alone.bytes).toBeLessThan(alone.sent);
  expect(alone.bytes).toBeGreaterThan(alone.sent / 8);
  expect(world.objects.sentBytesOf(rock.identity)).toBe(0);

  await world.enter();
  const both = await during(1000);
  expect(both.bytes).toBeGreaterThan(1.8 * alone.bytes);
  expect(both.bytes).toBeLessThan(2.2 * alone.bytes);

  change = () => {
    ship.position = { x: (ship.position.x + 1) % 1000, y: 0 };
  };
  const moving = await during(1000);
  expect(moving.bytes).toBeGreaterThan(1.5 * both.bytes);

  await world.run(6000);
  expect(world.objects.sentBytesOf(ship.identity)).toBe(0);
  const stopping = world.server.stop();
  await world.run(500);
  await stopping;
});

test("while somebody asks what objects take, clients get the same values", async () => {
  const Body = networked(class Body extends NetworkBehaviour {}, {
    level: u8,
    x: [float32, { delivery: "latest" }],
    y: [float32, { delivery: "latest" }],
  });
  const prefab = definePrefab("body", { body: Body });
  const world = new ObjectWorld({ prefabs: [prefab] });
  await world.server.start();
  const end = await world.enter();
  const bodies = Array.from({ length: 40 }, () => world.objects.spawn(prefab).body);
  await world.run(300);
  for (const isAsked of [false, true]) {
    for (let round = 1; round <= 5; round++) {
      for (const [index, body] of bodies.entries()) {
        if (isAsked) world.objects.sentBytesOf(body.identity);
        // Some change ordered members as well, and some nothing.
        if ((index + round) % 5 === 0) body.level = round;
        if ((index + round) % 3 !== 0) body.x = 100 * index + round;
        if ((index + round) % 4 !== 0) body.y = -100 * index - round;
      }
      await world.run(300);
      const read = bodies.map(
        ({ identity }) => end.world.get(identity.netId)?.behaviours.body as (typeof bodies)[number],
      );
      const values = (one: (typeof bodies)[number]) => [one.level, one.x, one.y];
      expect(read.map(values)).toEqual(bodies.map(values));
    }
  }
  expect([world.errors, world.failures]).toEqual([[], []]);
});
