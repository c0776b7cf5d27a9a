import { expect, test } from "vitest";
import {
  DisconnectCode,
  defineAuthenticator,
  defineCredential,
  defineProtocol,
  PlayerState,
} from "../../../lib/message/index.js";
import type { LibraryConnection } from "../../../lib/peer/connection/connection.js";
import type { RoomKind } from "../../../lib/rooms/index.js";
import { string } from "../../../lib/serialization/index.js";
import { type FleetProcess, FleetWorld } from "../../support/fleet-world.js";

const newProtocol = () => defineProtocol({ name: "redirects", version: 1, messages: [] });
const game: RoomKind = { capacity: 4, emptyMs: 60_000, open() {} };
/** Believes every name. */
const names = defineAuthenticator("name", string(20), (data) => ({ data }));
const ann = { credential: defineCredential("name", string(20), () => "ann") };

/** Two hosts whose engine takes its time to store what is written, as three servers do that ask each other. */
async function slowFleet(writeMs: number) {
  const fleet = new FleetWorld(newProtocol, { game }, { authentication: { authenticators: [names] }, writeMs });
  const [a, b] = (await fleet.start(2)) as [FleetProcess, FleetProcess];
  await fleet.wait(b.host.createRoom("game", { id: "one" }));
  await fleet.run(100);
  return { fleet, a, b };
}

test("who has just connected is sent to another host when its session is stored, and not before", async () => {
  const { fleet, a, b } = await slowFleet(500);
  const { client, rooms } = await fleet.connect(a, ann);
  expect(a.host.fleet?.whereIs("ann")).toBeNull();
  expect(await fleet.wait(rooms.joinById("one"))).toMatchObject({ id: "one" });
  await fleet.run(2000);
  expect(a.host.fleet?.whereIs("ann")).toEqual({ host: b.id, room: "one", playerId: client.player?.id });
  expect([...a.errors, ...b.errors]).toEqual([]);
});

test("a session that the engine does not store leads nowhere, and the player hears why", async () => {
  const { fleet, a } = await slowFleet(10_000);
  const { rooms } = await fleet.connect(a, ann);
  const sinceMs = fleet.clock.now();
  const refused = { code: "ERR_SERVER_BUSY", message: expect.stringContaining("has not stored the player's session") };
  await expect(fleet.wait(rooms.joinById("one"))).rejects.toMatchObject(refused);
  expect(fleet.clock.now() - sinceMs).toBeLessThan(3000);
});

test("a host that drains sends away whom it has just welcomed: the other one waits for the record", async () => {
  const { fleet, a, b } = await slowFleet(500);
  const { client } = await fleet.connect(a, ann);
  const events: string[] = [];
  const sinceMs = fleet.clock.now();
  for (const name of ["resumed", "disconnected"] as const)
    client.on(name, () => void events.push(`${name} ${fleet.clock.now() - sinceMs < 800}`));
  expect(await fleet.wait(a.host.drain({ deadlineMs: 5000 }))).toBe(0);
  await fleet.run(1000);
  expect([events, client.isAuthenticated]).toEqual([["resumed true"], true]); // As soon as the record is there.
  expect(b.host.fleet?.whereIs("ann")).toMatchObject({ host: b.id });
});

test("who has come while the engine was away, and is sent on before it is written, is written still", async () => {
  const { fleet, a, b } = await slowFleet(0);
  a.engine.disconnect();
  const { client } = await fleet.connect(a, ann);
  await fleet.run(600); // Writing it has failed.
  a.engine.reconnect();
  expect(await fleet.wait(a.host.drain({ deadlineMs: 5000 }))).toBe(0);
  await fleet.run(1000);
  expect([client.isAuthenticated, b.host.fleet?.whereIs("ann")?.host]).toEqual([true, b.id]);
});

test("a player who has changed rooms and goes on to another host is where it is, not where it was", async () => {
  const { fleet, a, b } = await slowFleet(300);
  const { rooms } = await fleet.connect(a, ann);
  await fleet.run(1000);
  await fleet.wait(a.host.createRoom("game", { id: "here" }));
  await fleet.wait(rooms.joinById("here"));
  await fleet.wait(rooms.joinById("one"));
  await fleet.run(2000);
  for (const { host } of [a, b]) expect(host.fleet?.whereIs("ann")).toMatchObject({ host: b.id, room: "one" });
});

test("a redirect that fails ends the wish at once, with the reason, and the player stays where it is", async () => {
  const fleet = new FleetWorld(newProtocol, { game });
  const a = await fleet.add();
  const b = await fleet.add({ door: { addresses: { memory: "memory:9999" } } });
  await fleet.run(2500, 50);
  await fleet.wait(a.host.createRoom("game", { id: "here" }));
  await fleet.wait(b.host.createRoom("game", { id: "there" }));
  await fleet.run(100);
  const { client, rooms } = await fleet.connect(a);
  const failed = {
    code: "ERR_ROOM_FAILED",
    message: expect.stringContaining("9999"),
    cause: { code: "ERR_CONNECT_FAILED" },
  };
  await expect(fleet.wait(rooms.joinById("there", { timeoutMs: 60_000 }))).rejects.toMatchObject(failed);
  expect(client.isAuthenticated).toBe(true);
  expect(await fleet.wait(rooms.joinById("here"))).toMatchObject({ id: "here" });
});

/** A host whose player is sent to one that nobody can reach, and what the player's client hears. */
async function besideUnreachable() {
  const fleet = new FleetWorld(newProtocol, { game });
  const a = await fleet.add();
  await fleet.add({ door: { addresses: { memory: "memory:9999" } } });
  await fleet.run(2500, 50);
  const { client, rooms } = await fleet.connect(a);
  const events: string[] = [];
  for (const name of ["suspended", "resumed", "disconnected"] as const) client.on(name, () => void events.push(name));
  return { fleet, a, client, rooms, events };
}

test("a player in no room who does not get to the host that it is sent to looks for another one", async () => {
  const { fleet, a, client, events } = await besideUnreachable();
  const sinceMs = fleet.clock.now();
  const draining = fleet.wait(a.host.drain({ deadlineMs: 25_000 }));
  await fleet.run(1000);
  const c = await fleet.add();
  expect(await draining).toBe(0);
  expect(fleet.clock.now() - sinceMs).toBeLessThan(10_000);
  await fleet.run(1000);
  expect([events, client.isAuthenticated]).toEqual([["suspended", "resumed"], true]);
  expect(c.host.metrics.players).toBe(1);
});

test("a player who was sent away before the drain was taken back has its session here again", async () => {
  const { fleet, a, client, rooms, events } = await besideUnreachable();
  const draining = fleet.wait(a.host.drain());
  await fleet.run(1000);
  a.host.undrain();
  expect(await draining).toBe(null);
  await fleet.until(() => events.includes("resumed"), 5, 2000);
  await fleet.wait(a.host.createRoom("game", { id: "one" }));
  await fleet.wait(rooms.joinById("one"));
  await fleet.run(1000);
  const connection = a.host.getRoom("one")?.players[0]?.connection as LibraryConnection;
  connection.refuse(DisconnectCode.ConnectionLost, "Lost");
  await fleet.run(3000);
  expect([events, client.isAuthenticated]).toEqual([["suspended", "resumed", "suspended", "resumed"], true]);
  expect([rooms.room?.id, a.host.getRoom("one")?.players.length, a.host.metrics.players]).toEqual(["one", 1, 1]);
});

test("a host that stops has stored who has just come into which room before it tells the player", async () => {
  const { fleet, a, b } = await slowFleet(300);
  for (const id of ["two", "three"]) await fleet.wait(a.host.createRoom("game", { id }));
  const { client, rooms } = await fleet.connect(a, ann);
  await fleet.wait(rooms.joinById("two"));
  await fleet.run(1000);
  await fleet.wait(rooms.joinById("three"));
  const resumed = new Promise((resolve) => client.on("resumed", resolve));
  await fleet.wait(a.host.stop());
  await fleet.wait(resumed);
  await fleet.run(500);
  expect(rooms.room?.id).toBe("three");
  expect(b.host.fleet?.whereIs("ann")).toMatchObject({ host: b.id, room: "three" });
});

test("a host that stops while a player is on its way to the room's next host does not end the player", async () => {
  const { fleet, a, client, rooms, events } = await besideUnreachable();
  await fleet.wait(a.host.createRoom("game", { id: "one" }));
  await fleet.wait(rooms.joinById("one"));
  const draining = fleet.wait(a.host.drain());
  await fleet.until(() => a.host.rooms.length === 0);
  await fleet.wait(a.host.stop());
  await draining;
  await fleet.run(1000);
  expect([events, client.player?.state]).toEqual([["suspended"], PlayerState.Suspended]);
});

test("a fleet whose doors have no address for its players: each host's log says so, once", async () => {
  const warnings: string[] = [];
  const fleet = new FleetWorld(
    newProtocol,
    { game },
    { door: { addresses: { memroy: "memory:7001" } }, logger: { warn: (text) => void warnings.push(text) } },
  );
  const [a, b] = (await fleet.start(2)) as [FleetProcess, FleetProcess];
  await fleet.wait(b.host.createRoom("game", { id: "one" }));
  await fleet.run(100);
  for (const _ of [1, 2]) {
    const { client, rooms } = await fleet.connect(a, { logger: { warn() {} } });
    const reason = new Promise((resolve) => client.on("disconnected", resolve));
    await expect(fleet.wait(rooms.joinById("one"))).rejects.toMatchObject({ code: "ERR_CONNECTION_LOST" });
    expect(await reason).toMatchObject({ code: DisconnectCode.RedirectRefused });
    await fleet.run(100);
  }
  expect(warnings).toEqual([expect.stringContaining("over memory did not follow to another host")]);
  // Clients may say so as they like: it is no failure of the application.
  expect([a.errors, a.host.metrics.failures]).toEqual([[], 0]);
});

test("at `left` a client knows where it goes on: in another room, in the same one elsewhere, or in none", async () => {
  const { fleet, a, b } = await slowFleet(0);
  const { client, rooms } = await fleet.connect(a, ann);
  const events: string[] = [];
  rooms.on("joined", ({ id }) => void events.push(`joined ${id}`));
  rooms.on("left", ({ id }) => void events.push(`left ${id} for ${rooms.room?.id ?? rooms.room}`));
  client.on("resumed", () => void events.push("resumed"));
  await fleet.wait(a.host.createRoom("game", { id: "two" }));
  await fleet.wait(a.host.createRoom("game", { id: "three" }));
  await fleet.wait(rooms.joinById("two"));
  await fleet.wait(rooms.joinById("three"));
  expect(events.splice(0)).toEqual(["joined two", "left two for three", "joined three"]);
  await fleet.wait(a.host.drain());
  await fleet.run(1000);
  expect(events.splice(0)).toEqual(["left three for three", "joined three", "resumed"]);
  await fleet.wait(b.host.getRoom("three")?.close("over") as Promise<void>);
  await fleet.run(100);
  expect(events).toEqual(["left three for null"]);
});
