import { expect, onTestFinished, test, vi } from "vitest";
import {
  defineAuthenticator,
  defineCredential,
  defineMessage,
  defineProtocol,
  defineRequest,
} from "../../../lib/message/index.js";
import type { RoomKind } from "../../../lib/rooms/index.js";
import { array, string, struct, u8 } from "../../../lib/serialization/index.js";
import { type FleetProcess, FleetWorld } from "../../support/fleet-world.js";

const Note = defineMessage("note", u8);
const List = defineRequest("list", string(64), array(struct({ id: string(64), map: string(20) }), 100));
const newProtocol = (version = 1) => defineProtocol({ name: "following", version, messages: [Note, List] });
const game: RoomKind = { capacity: 4, open() {}, snapshot: () => new Uint8Array(8), restore() {} };
/** Believes every name. */
const names = defineAuthenticator("name", string(20), (data) => ({ data }));
const nameOf = (name: string) => defineCredential("name", string(20), () => name);

test("all hosts know where a player is by what it has proven, while it moves from host to host", async () => {
  const authentication = { authenticators: [names] };
  const fleet = new FleetWorld(newProtocol, { game }, { authentication });
  const [a, b] = (await fleet.start(2)) as [FleetProcess, FleetProcess];
  await fleet.wait(b.host.createRoom("game", { id: "one" }));
  await fleet.run(100);
  const { client, rooms } = await fleet.connect(a, { credential: nameOf("ann") });
  await fleet.run(100);
  const everywhere = () => [a, b].map(({ host }) => host.fleet?.whereIs("ann"));
  expect(everywhere()).toEqual(Array(2).fill({ host: a.id, room: null, playerId: 0 }));
  await fleet.wait(rooms.joinById("one"));
  await fleet.run(100);
  expect(everywhere()).toEqual(Array(2).fill({ host: b.id, room: "one", playerId: client.player?.id }));
  const heard: [string, number][] = [];
  b.host.fleet?.register(Note, (value, { from }) => void heard.push([from, value]));
  expect(a.host.fleet?.to({ player: "ann" }).send(Note, 7)).toBe(true);
  await fleet.run(100);
  expect(heard).toEqual([[a.id, 7]]);
  await fleet.wait(client.disconnect());
  await fleet.run(1000);
  expect(everywhere()).toEqual([null, null]);
  expect(a.host.fleet?.to({ player: "ann" }).send(Note, 7)).toBe(false);
});

test("a client at any host can be told of the rooms of all hosts, but for private ones, and enters each", async () => {
  const fleet = new FleetWorld(newProtocol, { game });
  const hosts = await fleet.start(3);
  for (const [at, { host }] of hosts.entries()) {
    await fleet.wait(host.createRoom("game", { id: `room${at}`, labels: { map: `map${at}` } }));
    await fleet.wait(host.createRoom("game", { id: `private${at}`, isPrivate: true }));
    host.server.messageHandler.registerRequest(List, (kind) => {
      const rooms = host.fleet?.findRooms({ kind }).filter(({ isOpen, isPrivate }) => isOpen && !isPrivate) ?? [];
      return rooms.slice(0, 100).map(({ id, labels }) => ({ id, map: String(labels.map) }));
    });
  }
  await fleet.run(100);
  const all = hosts.map((_, at) => ({ id: `room${at}`, map: `map${at}` }));
  for (const [at, host] of hosts.entries()) {
    const { client, rooms } = await fleet.connect(host);
    expect(await fleet.wait(client.request(List, "game"))).toEqual(all);
    const [{ id }] = [all[(at + 1) % 3] as { id: string }];
    expect((await fleet.wait(rooms.joinById(id))).id).toBe(id);
  }
});

test("who comes back after a crash hears how old the state is: the checkpoint, and the time to look", async () => {
  const fleet = new FleetWorld(newProtocol, { game });
  const calendar = vi.spyOn(Date, "now").mockImplementation(() => 1e12 + fleet.clock.now());
  onTestFinished(() => calendar.mockRestore());
  const [a] = (await fleet.start(2)) as [FleetProcess, FleetProcess];
  const room = await fleet.wait(a.host.createRoom("game", { id: "one" }));
  const { client, rooms } = await fleet.connect(a);
  await fleet.wait(rooms.joinById("one"));
  await fleet.wait(room.checkpoint());
  const storedMs = fleet.clock.now();
  const before = client.player;
  const lost: { hasMoved: boolean; lostMs: number }[] = [];
  client.on("resumed", (player, resumed) => {
    expect(player).toBe(before);
    lost.push(resumed);
  });
  await a.kill();
  await fleet.until(() => lost.length > 0, 10);
  const agoMs = fleet.clock.now() - storedMs;
  expect(lost).toEqual([expect.objectContaining({ hasMoved: true })]);
  expect(lost[0]?.lostMs).toBeGreaterThan(agoMs - 500);
  expect(lost[0]?.lostMs).toBeLessThanOrEqual(agoMs + 50);
});

test("a drain gives no room to a host with another version: it stays, and is there later", async () => {
  const fleet = new FleetWorld(newProtocol, { game: { ...game, emptyMs: 600_000 } });
  const [a] = (await fleet.start(1)) as [FleetProcess];
  await fleet.add({ protocol: newProtocol(2) });
  await fleet.wait(a.host.createRoom("game", { id: "one" }));
  const { client, rooms } = await fleet.connect(a);
  await fleet.wait(rooms.joinById("one"));
  await fleet.run(2000, 20);
  expect(a.host.fleet?.hosts).toHaveLength(2);
  const ended: string[] = [];
  client.on("disconnected", ({ text }) => void ended.push(text));
  expect(await fleet.wait(a.host.drain({ deadlineMs: 10_000 }))).toBe(1);
  expect(fleet.processes[1]?.host.rooms).toEqual([]);
  const later = await fleet.add();
  await fleet.run(2500, 20);
  await fleet.wait((later.host.fleet as NonNullable<typeof later.host.fleet>).reserve("one"));
  expect(later.host.getRoom("one")?.id).toBe("one");
});

test("a drain that waits moves nobody until all have left, and what is left when the time is nearly up", async () => {
  const fleet = new FleetWorld(newProtocol, { game });
  const [a, b] = (await fleet.start(2)) as [FleetProcess, FleetProcess];
  await fleet.wait(a.host.createRoom("game", { id: "one" }));
  const { client, rooms } = await fleet.connect(a);
  await fleet.wait(rooms.joinById("one"));
  const draining = a.host.drain({ deadlineMs: 30_000, mode: "wait" });
  await fleet.run(19_000, 50);
  expect([a.host.rooms.length, b.host.rooms.length]).toEqual([1, 0]);
  expect(await fleet.wait(draining)).toBe(0);
  expect([b.host.getRoom("one")?.players.length, client.isAuthenticated]).toEqual([1, true]);
});
