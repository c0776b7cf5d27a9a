import { expect, test } from "vitest";
import { defineProtocol } from "../../../lib/message/index.js";
import { type FleetProcess, FleetWorld } from "../../support/fleet-world.js";

const CLIENTS = process.env.VALVE_SOCKETS_STRESS === "1" ? 900 : 150;
const CAPACITY = 10;
const newProtocol = () => defineProtocol({ name: "storm", version: 1, messages: [] });

test("all clients come within a second, and all of a host that dies come to the others at once", async () => {
  const fleet = new FleetWorld(newProtocol, { game: { capacity: CAPACITY, open() {} } });
  const hosts = (await fleet.start(3)) as [FleetProcess, FleetProcess, FleetProcess];
  const clients = Array.from({ length: CLIENTS }, () => fleet.newClient());
  const events: string[] = [];
  const joined = clients.map(async ({ client, rooms }, at) => {
    for (const name of ["resumed", "disconnected"] as const) client.on(name, () => void events.push(name));
    await new Promise<void>((resolve) => void fleet.clock.setTimeout(resolve, (at * 1000) / CLIENTS));
    await client.connect({ port: hosts[at % 3]?.port ?? 0 });
    return rooms.joinOrCreate("game");
  });
  const inRooms = await fleet.wait(Promise.all(joined));
  const counts = new Map<string, number>();
  for (const { id } of inRooms) counts.set(id, (counts.get(id) ?? 0) + 1);
  expect(Math.max(...counts.values())).toBeLessThanOrEqual(CAPACITY);
  await fleet.run(3000, 20);
  const sessions = await fleet.wait(fleet.engine.bucket("test-sessions").then((bucket) => bucket.watch()));
  expect([sessions.size, hosts.reduce((sum, { host }) => sum + host.metrics.players, 0)]).toEqual([CLIENTS, CLIENTS]);
  const before = clients.map(({ client, rooms }) => [client.player, client.player?.id, rooms.room?.id]);
  const [dying, ...others] = hosts;
  const lost = dying.host.metrics.players;
  expect(lost).toBeGreaterThan(0);
  events.length = 0;
  await dying.kill();
  await fleet.until(() => events.length >= lost, 20);
  await fleet.run(3000, 20);
  expect(events).toEqual(Array(lost).fill("resumed"));
  expect(clients.map(({ client, rooms }) => [client.player, client.player?.id, rooms.room?.id])).toEqual(before);
  expect(others.reduce((sum, { host }) => sum + host.metrics.players, 0)).toBe(CLIENTS);
  expect([sessions.size, others.flatMap(({ errors }) => errors)]).toEqual([CLIENTS, []]);
});
