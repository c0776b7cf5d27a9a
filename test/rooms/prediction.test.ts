import { expect, test } from "vitest";
import { defineProtocol } from "../../lib/message/index.js";
import { ClientObjectManager, definePrediction, ServerObjectManager } from "../../lib/object/index.js";
import type { Room } from "../../lib/rooms/index.js";
import { type AnyCraft, Craft, CraftPrefab, move, Push } from "../support/craft-world.js";
import { RoomsWorld } from "../support/rooms-world.js";

// A room hears its players between two ticks, a NetworkServer at the beginning of one.
test("the inputs of a player in a room are all stepped, and the others see it move", async () => {
  const flying = definePrediction(Craft, { input: Push, step: (craft, input, { dt }) => move(craft, input, dt) });
  const shared = { prefabs: [CraftPrefab], predictions: [flying] };
  let objects: ServerObjectManager | undefined;
  const arena = {
    capacity: 8,
    server: { tickRate: 60 },
    open({ server }: Room) {
      const manager = new ServerObjectManager(server, shared);
      server.on("authenticated", (player) => void manager.spawn(CraftPrefab, { owner: player }));
      objects = manager;
    },
  };
  const world = new RoomsWorld(() => defineProtocol({ name: "craft", version: 1, messages: [] }), { arena });
  await world.wait(world.host.start());
  const pilot = world.newClient();
  const pilotObjects = new ClientObjectManager(pilot.client, shared);
  const other = world.newClient();
  const otherObjects = new ClientObjectManager(other.client, shared);
  for (const { client } of [pilot, other]) await world.wait(client.connect());
  const room = await world.wait(world.host.createRoom("arena"));
  for (const { rooms } of [pilot, other]) await world.wait(rooms.joinById(room.id));
  await world.run(500);
  const own = pilotObjects.objects.find((identity) => identity.isOwner);
  flying.control(own?.behaviours.craft as AnyCraft, () => ({ forward: 1, turn: 0, light: true }));
  await world.run(3000);
  const missed = () => room.server.players.map((player) => objects?.inputsOf(player).missing);
  const before = missed();
  await world.run(3000);
  expect(missed()).toEqual(before);
  const shown = otherObjects.objects.find(({ netId }) => netId === own?.netId)?.behaviours.craft as AnyCraft;
  expect(shown.position.x).toBeGreaterThan(50);
  expect([world.errors, world.warnings]).toEqual([[], []]);
  await world.wait(world.host.stop());
});
