import { expect, test } from "vitest";
import { inspect } from "../../lib/inspector/index.js";
import { defineProtocol, type INetworkPlayer } from "../../lib/message/index.js";
import { ClientFigures, ClientObjectManager, reportFigures } from "../../lib/object/index.js";
import { BodyPrefab } from "../support/body-world.js";
import { ObjectWorld } from "../support/object-world.js";

const prefabs = [BodyPrefab];

/** A client in the world of a server. */
async function play(asks: boolean, tells: boolean) {
  const world = new ObjectWorld({ prefabs });
  const figures = asks ? new ClientFigures(world.server) : null;
  await world.server.start();
  const { body } = world.objects.spawn(BodyPrefab);
  world.server.on("ticked", (tick) => {
    body.position = { x: tick, y: 0 };
  });
  // In another program it has a protocol of its own.
  const client = world.newClient({ protocol: defineProtocol({ name: "objects", version: 1, messages: [] }) });
  const objects = new ClientObjectManager(client, { prefabs });
  if (tells) reportFigures(client, objects);
  const connecting = client.connect();
  await world.until(() => client.isAuthenticated);
  await connecting;
  for (let frame = 0; frame < 200; frame++) {
    await world.run(15);
    objects.update();
  }
  const player = world.server.players[0] as INetworkPlayer;
  const end = async () => {
    const stopping = world.server.stop();
    await world.run(500);
    await stopping;
  };
  return { world, figures, client, objects, player, end };
}

test("a client tells its server each second how late it shows the world, and the inspector has it", async () => {
  const { world, figures, objects, player, end } = await play(true, true);
  const told = { corrections: 0, shownDelayMs: Math.round(objects.metrics.shownDelayMs) };
  expect(told.shownDelayMs).toBeGreaterThan(0);
  expect(figures?.of(player)).toEqual(told);
  const { messagesReceived } = world.server.players[0]?.connection?.metrics ?? {};
  expect(messagesReceived?.[3]).toBeGreaterThanOrEqual(2);
  expect(messagesReceived?.[3]).toBeLessThanOrEqual(4);
  const inspector = await inspect(world.server, { figures: figures as ClientFigures });
  const headers = { authorization: `Bearer ${inspector.token}` };
  const answer = await fetch(`${inspector.url.split("#")[0]}snapshot?views=connections`, { headers });
  expect(await answer.json()).toMatchObject({ connections: [{ client: told }] });
  await inspector.close();
  await end();
});

test("where one side does not have it, nothing is told and nothing fails", async () => {
  for (const [asks, tells] of [
    [true, false],
    [false, true],
  ] as const) {
    const { world, figures, client, player, end } = await play(asks, tells);
    expect(figures?.of(player) ?? null).toBeNull();
    expect(client.isConnected).toBe(true);
    expect([world.errors, world.warnings]).toEqual([[], []]);
    await end();
  }
});
