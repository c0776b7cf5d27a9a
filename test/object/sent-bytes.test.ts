import { expect, test } from "vitest";
import type { INetworkPlayer } from "../../lib/message/index.js";
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
