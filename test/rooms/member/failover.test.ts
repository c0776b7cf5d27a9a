import { describe, expect, test } from "vitest";
import { defineMessage, defineProtocol, defineRequest, type NetworkClient } from "../../../lib/message/index.js";
import { Directory, type SessionEntry } from "../../../lib/rooms/fleet/directory.js";
import type { RoomKind, RoomsClient } from "../../../lib/rooms/index.js";
import { decode, encode, map, string, struct, u32 } from "../../../lib/serialization/index.js";
import { type FleetProcess, FleetWorld } from "../../support/fleet-world.js";

const Note = defineMessage("note", string(40));
const Count = defineRequest("count", struct({ by: u32 }), struct({ sum: u32, id: u32 }));
const newProtocol = () => defineProtocol({ name: "failover", version: 1, messages: [Note, Count] });

const Event = struct({ id: u32, by: u32 });
const State = map(u32, u32, 100);

/** Rooms that count for each player what it has had counted, and answer when it is committed. */
function counting(): RoomKind {
  const sums = new WeakMap<object, Map<number, number>>();
  const of = (room: object) => sums.get(room) as Map<number, number>;
  return {
    capacity: 4,
    open(room) {
      sums.set(room, new Map());
      const { messageHandler } = room.server;
      messageHandler.registerRequest(Count, async ({ by }, { id }) => {
        await room.commit({ id, by });
        return { sum: of(room).get(id) ?? 0, id };
      });
      messageHandler.register(Note, (text) => void room.server.sendToAll(Note, text));
    },
    commitCodec: Event,
    apply: (room, event) => {
      const { id, by } = event as { id: number; by: number };
      of(room).set(id, (of(room).get(id) ?? 0) + by);
    },
    snapshot: (room) => encode(State, of(room)),
    restore: (room, bytes) => void sums.set(room, new Map(decode(State, bytes))),
  };
}

interface Player {
  readonly client: NetworkClient;
  readonly rooms: RoomsClient;
  readonly events: string[];
  /** What was acknowledged. */
  sum: number;
  isOver: boolean;
}

async function started(count = 3, more: Partial<RoomKind> = {}) {
  const fleet = new FleetWorld(newProtocol, { game: { ...counting(), ...more } });
  const hosts = await fleet.start(count);
  const join = async (host: FleetProcess, id: string): Promise<Player> => {
    const { client, rooms } = await fleet.connect(host);
    const player: Player = { client, rooms, events: [], sum: 0, isOver: false };
    for (const name of ["suspended", "resumed", "disconnected"] as const) {
      client.on(name, () => void player.events.push(name));
    }
    rooms.on("left", (_room, text) => void player.events.push(`left ${text}`.trim()));
    await fleet.wait(rooms.joinById(id));
    return player;
  };
  /** Has a player count on and on, and asks again after each failure. */
  const play = async (player: Player) => {
    while (!player.isOver && player.client.active) {
      try {
        const { sum } = await player.client.request(Count, { by: 1 }, { timeoutMs: 20_000 });
        if (sum <= player.sum) player.events.push(`lost ${player.sum - sum + 1}`);
        player.sum = sum;
      } catch {
        await new Promise<void>((resolve) => void fleet.clock.setTimeout(resolve, 100));
      }
    }
  };
  return { fleet, hosts: hosts as [FleetProcess, FleetProcess, FleetProcess], join, play };
}

const sumOf = async (fleet: FleetWorld, { client }: Player) => fleet.wait(client.request(Count, { by: 0 }));

test("a host is killed: its players go on in their rooms elsewhere, as themselves", async () => {
  const { fleet, hosts, join, play } = await started();
  const [a] = hosts;
  const ids = ["one", "two", "three"];
  for (const id of ids) await fleet.wait(a.host.createRoom("game", { id }));
  const players: Player[] = [];
  for (const id of ids) players.push(await join(a, id), await join(a, id));
  const before = players.map(({ client }) => [client.player, client.player?.id]);
  const playing = players.map(play);
  await fleet.run(3000, 10);
  await a.kill();
  const killedMs = fleet.clock.now();
  await fleet.until(() => players.every(({ events }) => events.includes("resumed")), 10);
  expect(fleet.clock.now() - killedMs).toBeLessThan(5000);
  await fleet.run(2000, 10);
  for (const player of players) player.isOver = true;
  await fleet.wait(Promise.all(playing));
  expect(players.map(({ client }) => [client.player, client.player?.id])).toEqual(before);
  for (const player of players) {
    const { sum, id } = await sumOf(fleet, player);
    expect(id).toBe(player.client.player?.id);
    expect(sum).toBeGreaterThanOrEqual(player.sum);
    expect(sum - player.sum).toBeLessThanOrEqual(1); // What was under way when the host died.
    expect(player.events.filter((event) => /disconnected|lost/.test(event))).toEqual([]);
    expect(player.rooms.room?.id).toBeDefined();
  }
  const owners = new Map(hosts.slice(1).flatMap(({ host }) => host.rooms.map(({ id }) => [id, host])));
  expect([...owners.keys()].sort()).toEqual([...ids].sort());
  expect(hosts.slice(1).flatMap(({ errors }) => errors)).toEqual([]);
});

test("a client knows a new host soon: all others may go then, one after the other", async () => {
  const { fleet, hosts, join } = await started();
  const [a, b, c] = hosts;
  await fleet.wait(a.host.createRoom("game", { id: "one" }));
  const player = await join(a, "one");
  await fleet.run(500, 10);
  await Promise.all([b.kill(), c.kill()]);
  const [d] = (await fleet.start(1)) as [FleetProcess];
  await fleet.run(4000, 10);
  await a.kill();
  await fleet.until(() => player.events.includes("resumed"), 10);
  expect(d.host.getRoom("one")?.players).toHaveLength(1);
});

test("a host is frozen, and goes on: its copies end, and each player is where it was acknowledged", async () => {
  const { fleet, hosts, join, play } = await started();
  const [a, b] = hosts;
  for (const id of ["one", "two"]) await fleet.wait(a.host.createRoom("game", { id }));
  const players = [await join(a, "one"), await join(a, "two"), await join(b, "one")];
  const playing = players.map(play);
  await fleet.run(2000, 10);
  a.freeze();
  await fleet.run(6000, 10);
  expect(players.map(({ events }) => events.at(-1))).toEqual(["resumed", "resumed", "resumed"]);
  const sums = players.map(({ sum }) => sum);
  a.thaw();
  await fleet.run(6000, 10);
  expect(a.host.rooms).toEqual([]);
  expect(a.host.metrics.players).toBe(0);
  expect(a.host.fleet?.metrics.surrendered).toBe(2);
  for (const [at, player] of players.entries()) {
    player.isOver = true;
    expect(player.sum).toBeGreaterThan(sums[at] ?? 0);
  }
  await fleet.wait(Promise.all(playing));
  for (const player of players) expect((await sumOf(fleet, player)).sum - player.sum).toBeLessThanOrEqual(2);
  expect(players.flatMap(({ events }) => events).filter((event) => /disconnected|lost/.test(event))).toEqual([]);
  const all = hosts.flatMap(({ host }) => host.rooms.map(({ id }) => id));
  expect(all.sort()).toEqual(["one", "two"]);
});

test("a player whom a frozen host has lost, and who is sent back there at once, is a new one", async () => {
  const { fleet, hosts, join } = await started(2);
  const [a, b] = hosts;
  await fleet.wait(a.host.createRoom("game", { id: "one" }));
  const player = await join(a, "one");
  const moves: boolean[] = [];
  player.client.on("resumed", (_player, { hasMoved }) => void moves.push(hasMoved));
  a.freeze();
  await fleet.run(6000, 10);
  a.thaw();
  await fleet.run(500, 10);
  expect([a.host.rooms.length, b.host.rooms.length]).toEqual([0, 1]);
  // The first host does not know yet that the connection of its copy is dead.
  expect(await fleet.wait(b.host.drain())).toBe(0);
  await fleet.run(8000, 10);
  expect(player.events.filter((event) => event !== "left")).toEqual(["suspended", "resumed", "resumed"]);
  expect(moves).toEqual([true, true]);
  expect(a.host.getRoom("one")?.players).toHaveLength(1);
});

test("a host that drains moves its rooms and players, who lose nothing, not even a request with retry", async () => {
  const { fleet, hosts, join } = await started();
  const [a, b, c] = hosts;
  for (const id of ["one", "two", "three"]) await fleet.wait(a.host.createRoom("game", { id }));
  const players = [await join(a, "one"), await join(a, "two"), await join(a, "three"), await join(b, "one")];
  const lobby = await fleet.connect(a);
  const before = players.map(({ client }) => client.player?.id);
  const sums = players.map(() => 0);
  let isOver = false;
  const playing = players.map(async ({ client }, at) => {
    while (!isOver) {
      const { sum } = await client.request(Count, { by: 1 }, { retry: true });
      sums[at] = sum;
    }
  });
  await fleet.run(1000, 10);
  expect(await fleet.wait(a.host.drain())).toBe(0);
  expect([a.host.server.active, a.host.rooms]).toEqual([false, []]);
  await fleet.run(1000, 10);
  isOver = true;
  await fleet.wait(Promise.all(playing));
  expect(players.map(({ client }) => client.player?.id)).toEqual(before);
  expect(players.flatMap(({ events }) => events)).not.toContain("disconnected");
  expect(players.flatMap(({ events }) => events)).not.toContain("suspended");
  expect(b.host.rooms.length + c.host.rooms.length).toBe(3);
  expect(lobby.client.isAuthenticated).toBe(true);
  expect((await fleet.wait(lobby.rooms.joinById("two"))).id).toBe("two");
  expect(hosts.flatMap(({ errors }) => errors)).toEqual([]);
});

test("a player who does not leave holds up its own room in a drain, and no other", async () => {
  const { fleet, hosts } = await started(2);
  const [a, b] = hosts;
  const ids = Array.from({ length: 60 }, (_, at) => `room${at}`);
  for (const id of ids) await fleet.wait(a.host.createRoom("game", { id }));
  const { client, rooms } = fleet.newClient({ drive: "manual" });
  const joining = client.connect({ port: a.port }).then(() => rooms.joinById("room0"));
  await fleet.until(() => {
    client.updateReceive();
    client.updateSent();
    return rooms.room !== null;
  });
  await joining;
  const draining = a.host.drain(); // The client stands still from here on.
  await fleet.run(1500);
  expect([a.host.rooms.length, b.host.rooms.length]).toEqual([0, 60]);
  expect(a.host.server.active).toBe(true);
  expect(await fleet.wait(draining)).toBe(0);
});

test("a drain that nobody can take over waits, and is taken back", async () => {
  const { fleet, hosts, join } = await started(1);
  const [a] = hosts;
  await fleet.wait(a.host.createRoom("game", { id: "one" }));
  const player = await join(a, "one");
  const draining = a.host.drain();
  await fleet.run(5000, 20);
  const refused = await fleet.wait(
    fleet
      .newClient()
      .client.connect({ port: a.port })
      .catch((error) => error.code),
  );
  expect(refused).toBe("ERR_SERVER_CLOSED");
  a.host.undrain();
  expect(await fleet.wait(draining)).toBe(null);
  expect([a.host.server.active, player.client.isAuthenticated]).toEqual([true, true]);
  await fleet.connect(a);
});

test("a room whose taker does not answer stays; what is committed meanwhile waits, and is stored then", async () => {
  const { fleet, hosts, join } = await started(2);
  const [a, b] = hosts;
  await fleet.wait(a.host.createRoom("game", { id: "one" }));
  const player = await join(a, "one");
  await fleet.run(1000, 10);
  b.freeze();
  const draining = a.host.drain();
  await fleet.run(100, 10);
  let sum = 0;
  const counting = player.client.request(Count, { by: 3 }, { timeoutMs: 20_000 }).then((answer) => {
    sum = answer.sum;
  });
  await fleet.run(2000, 10);
  expect(sum).toBe(0);
  await fleet.wait(counting);
  expect(sum).toBe(3);
  a.host.undrain();
  expect(await fleet.wait(draining)).toBe(null);
  expect(player.events).toEqual([]);
});

test("the engine is away for a minute: players play on, newcomers come into rooms that are there", async () => {
  const { fleet, hosts, join } = await started(2);
  const [a, b] = hosts;
  await fleet.wait(a.host.createRoom("game", { id: "one" }));
  const player = await join(a, "one");
  for (const { engine } of hosts) engine.disconnect();
  const waiting = player.client.request(Count, { by: 3 }, { timeoutMs: 120_000 });
  await fleet.run(20_000, 20);
  expect([a.host.fleet?.isReady, player.client.isAuthenticated]).toEqual([false, true]);
  const newcomer = await join(a, "one");
  expect(newcomer.rooms.room?.id).toBe("one");
  const note = newcomer.client.messageHandler.waitFor(Note);
  player.client.send(Note, "still here");
  expect(await fleet.wait(note)).toBe("still here");
  for (const { engine } of hosts) engine.reconnect();
  expect((await fleet.wait(waiting)).sum).toBe(3);
  await fleet.run(3000, 20);
  expect(a.host.getRoom("one")?.players).toHaveLength(2);
  // What was written behind is there by now: the host is killed, and both go on.
  await a.kill();
  await fleet.until(() => [player, newcomer].every(({ events }) => events.includes("resumed")), 10);
  expect(b.host.getRoom("one")?.players).toHaveLength(2);
  expect((await sumOf(fleet, player)).sum).toBe(3);
});

test("sessions do not outlive their players", async () => {
  const { fleet, hosts, join } = await started(2, { emptyMs: 1000 });
  const [a, b] = hosts;
  for (const id of ["one", "two"]) await fleet.wait(a.host.createRoom("game", { id }));
  const one = await join(a, "one");
  const two = await join(a, "two");
  const three = await fleet.connect(a);
  await fleet.run(100);
  await fleet.wait(one.client.disconnect());
  await a.kill();
  // Nobody comes back.
  for (const { client } of [two, three]) void client.disconnect();
  await fleet.run(120_000, 100);
  expect(b.host.fleet?.findRooms()).toEqual([]);
  const sessions = await fleet.wait(fleet.engine.bucket("test-sessions").then((bucket) => bucket.watch()));
  expect([...sessions.entries()]).toEqual([]);
});

test("sessions that nobody has are removed: at a host that lives, in a room that is gone", async () => {
  const { fleet, hosts } = await started(2);
  const [a, b] = hosts;
  const directory = await fleet.wait(Directory.open(fleet.engine, "test"));
  const left = (id: string, host: string, room: string): SessionEntry => ({
    ...{ id: id.repeat(32), host, room, playerId: 1, identity: "", authentication: '{"method":"none"}' },
    ...{ epoch: 1n, moves: 0, isSpectator: false, question: 0 },
  });
  const sessions = [left("1", a.id, ""), left("2", a.id, "gone"), left("3", "dead", "gone"), left("4", "dead", "")];
  for (const session of sessions) await fleet.wait(directory.putSession(session));
  const { client } = await fleet.connect(b);
  await fleet.run(20_000, 100);
  expect([...directory.sessions()]).toHaveLength(5);
  await fleet.run(30_000, 100);
  expect([...directory.sessions()]).toEqual([expect.objectContaining({ host: b.id })]);
  expect(client.isAuthenticated).toBe(true);
});

test("sessions of players who are in no room stay as long as their host lives", async () => {
  const { fleet, hosts } = await started(2);
  const changes: boolean[] = [];
  const bucket = await fleet.wait(fleet.engine.bucket("test-sessions"));
  await fleet.wait(bucket.watch(({ entry }) => void changes.push(entry !== null)));
  const { client } = await fleet.connect(hosts[0]);
  await fleet.run(90_000, 100);
  expect([client.isAuthenticated, changes]).toEqual([true, [true]]);
});

test("a player whom another host disconnects as it comes stays where it was, and leaves nothing there", async () => {
  const { fleet, hosts } = await started(2);
  const [a, b] = hosts;
  const room = await fleet.wait(a.host.createRoom("game", { id: "one" }));
  for (const server of [room.server, a.host.server])
    server.on("authenticated", (player) => player.disconnect({ code: 7, text: "not here" }));
  await fleet.run(100);
  const { client, rooms } = await fleet.connect(b);
  rooms.joinById("one").catch(() => {});
  await fleet.run(40_000, 20);
  const sessions = await fleet.wait(fleet.engine.bucket("test-sessions").then((bucket) => bucket.watch()));
  expect([client.isAuthenticated, sessions.size, a.host.metrics.players, b.host.metrics.players]).toEqual([
    true,
    1,
    0,
    1,
  ]);
  await fleet.wait(client.disconnect());
  await fleet.run(1000, 10);
  expect(sessions.size).toBe(0);
});

test("a host that has sent a player elsewhere forgets it, and writes nothing of it any more", async () => {
  const { fleet, hosts, join } = await started(2);
  const [a, b] = hosts;
  await fleet.wait(b.host.createRoom("game", { id: "one" }));
  await fleet.run(100);
  await join(a, "one");
  await fleet.run(100);
  const directory = await fleet.wait(Directory.open(fleet.engine, "test"));
  const [session] = directory.sessions() as unknown as [SessionEntry];
  await fleet.wait(directory.removeSession(session));
  // Each host, the first one first, writes what it has and the directory has not.
  await fleet.run(6000, 50);
  expect([...directory.sessions()]).toEqual([expect.objectContaining({ host: b.id, room: "one", playerId: 1 })]);
});

test("a host that had a room for a while removes nobody who has gone on with it", async () => {
  const { fleet, hosts, join } = await started();
  const [a] = hosts;
  await fleet.wait(a.host.createRoom("game", { id: "one" }));
  const player = await join(a, "one");
  await fleet.run(100);
  const sessions = await fleet.wait(fleet.engine.bucket("test-sessions"));
  const changes: boolean[] = [];
  await fleet.wait(sessions.watch(({ entry }) => void changes.push(entry !== null)));
  const isPlayedAt = ({ host }: FleetProcess) => host.getRoom("one")?.players.some(({ isConnected }) => isConnected);
  await a.kill();
  await fleet.until(() => hosts.slice(1).some(isPlayedAt));
  const second = hosts.slice(1).find(isPlayedAt) as FleetProcess;
  second.freeze();
  await fleet.until(() => hosts.slice(1).every(isPlayedAt)); // The frozen one has not heard of it.
  second.thaw();
  await fleet.run(35_000, 50);
  expect([changes.includes(false), player.client.player?.id]).toEqual([false, 1]);
});

describe("a room at another host", () => {
  test("is entered from any door: by id, by labels, by code, by ticket", async () => {
    const { fleet, hosts, join } = await started();
    const [a, b, c] = hosts;
    const one = await fleet.wait(a.host.createRoom("game", { id: "one", labels: { map: "moon" } }));
    const secret = await fleet.wait(a.host.createRoom("game", { isPrivate: true }));
    await fleet.run(100);
    const player = await join(b, "one");
    expect(player.rooms.room).toEqual(expect.objectContaining({ id: "one", labels: { map: "moon" } }));
    expect(player.events).toEqual(["resumed"]);
    expect(one.players).toHaveLength(1);
    await fleet.run(100);
    expect(b.host.metrics.players).toBe(0);
    const [second, third, fourth] = [await fleet.connect(c), await fleet.connect(b), await fleet.connect(c)];
    expect((await fleet.wait(second.rooms.joinOrCreate("game", { labels: { map: "moon" } }))).id).toBe("one");
    expect((await fleet.wait(third.rooms.joinByCode(secret.code ?? ""))).id).toBe(secret.id);
    const ticket = await fleet.wait(b.host.fleet?.reserve("one") as Promise<string>);
    expect((await fleet.wait(fourth.rooms.joinByTicket(ticket))).id).toBe("one");
    expect(one.players.map(({ id }) => id)).toEqual([1, 2, 3]);
    // Whether there is a private room is told to nobody.
    const fifth = await fleet.connect(b);
    const refused = await fleet.wait(fifth.rooms.joinById(secret.id).catch((error) => error));
    expect(refused).toHaveProperty("code", "ERR_ROOM_NOT_FOUND");
    expect(hosts.flatMap(({ errors }) => errors)).toEqual([]);
  });

  test("that is full or locked refuses as one here does, and the player is in none", async () => {
    const { fleet, hosts } = await started(2, { capacity: 1 });
    const [a, b] = hosts;
    const room = await fleet.wait(a.host.createRoom("game", { id: "one" }));
    room.isLocked = true;
    await fleet.run(100);
    const { client, rooms } = await fleet.connect(b);
    expect(await fleet.wait(rooms.joinById("one").catch((error) => error.code))).toBe("ERR_ROOM_LOCKED");
    expect([client.isAuthenticated, rooms.room]).toEqual([true, null]);
    room.isLocked = false;
    room.reserve();
    expect(await fleet.wait(rooms.joinById("one").catch((error) => error.code))).toBe("ERR_ROOM_FULL");
  });
});
