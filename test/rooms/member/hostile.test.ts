import { expect, test } from "vitest";
import { unixTimeMs } from "../../../lib/clock.js";
import {
  type ClientSession,
  SESSION_METHOD,
  sessionCredential,
} from "../../../lib/message/authentication/session-proof.js";
import { defineProtocol, type INetworkPlayer, type RedirectTarget } from "../../../lib/message/index.js";
import { NetworkServer } from "../../../lib/message/network-server.js";
import {
  ChallengeMessage,
  HelloMessage,
  ProofMessage,
  WelcomeMessage,
} from "../../../lib/message/protocol/system-messages.js";
import { FleetKeys } from "../../../lib/rooms/fleet/fleet-keys.js";
import { TICKET_MS, type Ticket, TicketBook } from "../../../lib/rooms/fleet/tickets.js";
import { DisconnectCode, MemorySocketFactory } from "../../../lib/socket/index.js";
import { type FleetProcess, FleetWorld } from "../../support/fleet-world.js";
import { connectRaw, NO_TICKET } from "../../support/raw-ends.js";

const newProtocol = () => defineProtocol({ name: "hostile", version: 1, messages: [] });
const rooms = { game: { capacity: 4, emptyMs: Number.POSITIVE_INFINITY, clientsCreate: false, open() {} } };
const KEY = new Uint8Array(32).fill(7);

async function started() {
  const fleet = new FleetWorld(newProtocol, rooms);
  const [a, b] = (await fleet.start(2)) as [FleetProcess, FleetProcess];
  await fleet.wait(a.host.createRoom("game", { id: "one" }));
  await fleet.wait(b.host.createRoom("game", { id: "two" }));
  const player = await fleet.connect(a);
  await fleet.wait(player.rooms.joinById("one"));
  await fleet.run(100);
  const onServer = a.host.getRoom("one")?.players[0] as INetworkPlayer;
  const session = NetworkServer.sessionIdOf(a.host.server, onServer) as Uint8Array;
  /** The door sends the player to the other host with a ticket of its own. */
  const redirect = (ticket: Uint8Array) => {
    const to: RedirectTarget = { addresses: { memory: `memory:${b.port}` }, ticket };
    expect(onServer.redirect(to)).toBe(true);
  };
  return { fleet, a, b, player, session, redirect };
}

const ticketFor = (host: string, session: Uint8Array, room = "two"): Ticket => ({
  ...{ session, room, host, moves: 0, identity: "" },
});

test.each([
  ["forged", (_b: FleetProcess) => new Uint8Array(200).fill(3)],
  [
    "of another fleet",
    (b: FleetProcess, session: Uint8Array) => book(new Uint8Array(32).fill(8)).issue(ticketFor(b.id, session)),
  ],
  ["expired", (b: FleetProcess, session: Uint8Array) => old().issue(ticketFor(b.id, session))],
  ["for another host", (_b: FleetProcess, session: Uint8Array) => book().issue(ticketFor("elsewhere", session))],
  ["for another session", (b: FleetProcess) => book().issue(ticketFor(b.id, new Uint8Array(16).fill(9)))],
])("a ticket that is %s leads nowhere: the directory says where the player is", async (_name, ticketOf) => {
  const { fleet, a, b, player, session, redirect } = await started();
  redirect(ticketOf(b, session));
  // The other host sends it back: its room is at the first one.
  await fleet.run(3000, 10);
  expect(b.host.getRoom("two")?.players).toEqual([]);
  expect(b.host.fleet?.metrics.badTickets).toBeGreaterThan(0);
  expect(player.client.isAuthenticated).toBe(true);
  expect([player.rooms.room?.id, a.host.getRoom("one")?.players.length]).toEqual(["one", 1]);
});

test("a ticket that is right leads there, once", async () => {
  const { fleet, a, b, player, session, redirect } = await started();
  const ticket = book().issue(ticketFor(b.id, session));
  redirect(ticket);
  await fleet.until(() => player.rooms.room?.id === "two", 10);
  await fleet.run(200);
  const onServer = b.host.getRoom("two")?.players[0] as INetworkPlayer;
  expect(onServer.ticket).toEqual(ticket);
  expect(b.host.fleet?.metrics.badTickets).toBe(0);
  // Its player goes back, and is sent with the same ticket again: the directory says where it is.
  await fleet.wait(player.rooms.joinById("one"));
  await fleet.run(200);
  const again = a.host.getRoom("one")?.players[0] as INetworkPlayer;
  expect(again.redirect({ addresses: { memory: `memory:${b.port}` }, ticket })).toBe(true);
  await fleet.run(3000, 10);
  expect(b.host.fleet?.metrics.badTickets).toBe(1);
  expect([player.rooms.room?.id, b.host.getRoom("two")?.players.length]).toEqual(["one", 0]);
});

test("whoever knows the id of a session, and not its secret, gets nothing; the player keeps its place", async () => {
  const { fleet, a, b, player, session } = await started();
  // The secret follows from the fleet's key, and from nothing that is stored or sent between hosts.
  const stolen = new FleetKeys([new Uint8Array(32).fill(8)]);
  expect(stolen.secretOf(session)).toBe(null);
  const entries = await fleet.wait(fleet.engine.bucket("test-sessions").then((bucket) => bucket.watch()));
  const secret = Buffer.from(new FleetKeys([KEY]).secretOf(session) as Uint8Array);
  for (const { value } of entries.entries()) expect(Buffer.from(value).includes(secret)).toBe(false);
  expect(player.client.isAuthenticated).toBe(true);
  const guess = new FleetKeys([new Uint8Array(32).fill(8)]).createSession().secret;
  for (const host of [a, b]) {
    const refused = await resume(fleet, host, { id: session, secret: guess, resumeWindowMs: 1000 });
    expect(refused).toEqual([DisconnectCode.AuthenticationFailed]);
  }
  // A session that was made up, with the key of another fleet, is known to nobody.
  const { id, secret: own } = stolen.createSession();
  const refused = await resume(fleet, b, { id, secret: own, resumeWindowMs: 1000 });
  expect(refused).toEqual([DisconnectCode.SessionUnknown]);
  await fleet.run(200);
  expect(player.client.isAuthenticated).toBe(true);
  expect(a.host.getRoom("one")?.players).toHaveLength(1);
});

test("the fleet's key is changed while players play: sessions of the old one go on, and end with it", async () => {
  const fleet = new FleetWorld(newProtocol, rooms);
  const [a] = (await fleet.start(1)) as [FleetProcess];
  const next = new Uint8Array(32).fill(9);
  const b = await fleet.add({ fleetKey: [next, KEY] });
  const c = await fleet.add({ fleetKey: [next] });
  await fleet.run(2500, 50);
  await fleet.wait(a.host.createRoom("game", { id: "one" }));
  const { client, rooms: joined } = await fleet.connect(a);
  await fleet.wait(joined.joinById("one"));
  await fleet.run(200);
  const onServer = a.host.getRoom("one")?.players[0] as INetworkPlayer;
  const session = NetworkServer.sessionIdOf(a.host.server, onServer) as Uint8Array;
  const known = (one: FleetProcess) => fleet.wait(one.host.fleet ? knows(one, session) : Promise.resolve(false));
  expect([await known(b), await known(c)]).toEqual([true, false]);
  await a.kill();
  const resumed = new Promise((resolve) => client.on("resumed", resolve));
  expect(await fleet.wait(resumed)).toBe(client.player);
  expect(b.host.getRoom("one")?.players).toHaveLength(1);
});

test("two who look for a room of a dead host in the same moment both get it", async () => {
  const { fleet, a, b } = await started();
  await fleet.wait(a.host.createRoom("game", { id: "empty" }));
  await a.kill();
  await fleet.run(3000, 20);
  const seats = [b.host.fleet?.reserve("empty"), b.host.fleet?.reserve("empty")];
  const tickets = await fleet.wait(Promise.allSettled(seats));
  expect(tickets.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
  expect(b.errors).toEqual([]);
});

test("a host that is drained twice at once moves each room once, and both calls end with the same", async () => {
  const { fleet, a, player } = await started();
  const c = await fleet.add();
  await fleet.run(1000, 20);
  const events: string[] = [];
  player.client.on("suspended", () => void events.push("suspended"));
  const claims = () => fleet.processes.reduce((sum, { host }) => sum + (host.fleet?.metrics.claimed ?? 0), 0);
  const draining = [a.host.drain(), a.host.drain({ deadlineMs: 20_000 })];
  expect(await fleet.wait(Promise.all(draining))).toEqual([0, 0]);
  await fleet.run(1000, 20);
  expect([a.host.server.active, claims(), events]).toEqual([false, 1, []]);
  expect([player.client.isAuthenticated, player.rooms.room?.id]).toEqual([true, "one"]);
  expect([...a.errors, ...c.errors]).toEqual([]);
});

const book = (key = KEY) => new TicketBook(new FleetKeys([key]), "door");
const old = () => new TicketBook(new FleetKeys([KEY]), "door", () => unixTimeMs() - 2 * TICKET_MS);

/** Whether a host finds the secret of a session. */
async function knows({ host }: FleetProcess, session: Uint8Array): Promise<boolean> {
  const sessions = NetworkServer.frontEndOf(host.server).sessions;
  return ((await sessions?.findStored(session, "")) ?? null) !== null;
}

/** Resumes a session at a host, as whoever knows what it knows can. @returns the codes with which it is refused */
async function resume(fleet: FleetWorld, { port, host }: FleetProcess, session: ClientSession): Promise<number[]> {
  const factory = new MemorySocketFactory(fleet.network, { kind: "datagram", port });
  const world = { clock: fleet.clock, factory, server: host.server, run: (ms: number) => fleet.run(ms) };
  const { connection, reasons, say, lastOf } = await connectRaw(world);
  await say(HelloMessage, { resumes: true, ticket: NO_TICKET });
  const { nonce } = lastOf(ChallengeMessage) as { nonce: Uint8Array };
  const { channelBinding, security } = connection;
  const randomBytes = (size: number) => new Uint8Array(size).fill(9);
  const payload = await sessionCredential(session).prove({
    ...{ nonce, channelBinding, security, randomBytes, server: "The server" },
  });
  await say(ProofMessage, { method: SESSION_METHOD, payload });
  await fleet.run(500);
  expect(lastOf(WelcomeMessage)).toBe(undefined);
  return reasons;
}
