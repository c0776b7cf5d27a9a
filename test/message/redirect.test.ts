import { describe, expect, test } from "vitest";
import {
  type Arrival,
  DisconnectCode,
  defineAuthenticator,
  defineCredential,
  NetworkServer,
} from "../../lib/message/index.js";
import type { LibraryConnection } from "../../lib/peer/connection/connection.js";
import { string } from "../../lib/serialization/index.js";
import type { MemorySocketKind } from "../../lib/socket/index.js";
import { Ask, atPort, Note, newProtocol, serversWithStore } from "../support/server-group.js";

const kinds: MemorySocketKind[] = ["datagram", "reliable-lanes", "stream"];
const TICKET = Uint8Array.of(1, 2, 3);

test.each([
  ["removed, where it is lost long after a redirect that it could not follow", 61_000, 0],
  ["left, where it is lost on its way", 1000, 1],
  ["left, where it is lost late on its way, and awaited until that is long ago", 50_000, 1],
])("the session of a player is %s", async (_what, afterMs, left) => {
  const { world, servers, store, log, socketFactory, join } = await serversWithStore(1, "datagram", {
    peer: { timeoutMs: 3000 },
  });
  await join();
  servers[0]?.players[0]?.redirect(atPort(7999));
  await world.run(afterMs, 100);
  log.length = 0;
  Object.assign(socketFactory, { isCut: true, isDeaf: true });
  await world.run(70_000, 100);
  expect(log).toContain(`server 0 lost it: ${DisconnectCode.Timeout}`);
  expect([store.left.length, store.sessions.size]).toEqual([left, left]);
});

describe.each(kinds)("over %s, a player in the game who is redirected", (kind) => {
  test("goes on at the other server as the same, with its ticket, and is never without a connection", async () => {
    const { world, servers, store, log, join } = await serversWithStore(2, kind);
    const [first, second] = servers as [NetworkServer, NetworkServer];
    const { client } = await join();
    const there = client.player;
    const [player] = first.players;
    store.answer = (session) => session && { ...session, arrive: () => ({ lostMs: 7 }) };
    log.length = 0;
    expect(player?.redirect({ ...atPort(7778), ticket: TICKET })).toBe(true);
    await world.until(() => second.authenticatedPlayers.length === 1);
    await world.run(300);
    expect(client.player).toBe(there);
    expect(log.sort()).toEqual(["resumed true 7", "server 0 lost it: 1027", "server 1 has 1"]);
    expect([...(second.players[0]?.ticket ?? [])]).toEqual([1, 2, 3]);
    expect(first.players).toEqual([]);
    expect(store.left).toEqual([...store.sessions.keys()]);
    const heard = second.messageHandler.waitFor(Note);
    client.send(Note, 9);
    await world.run(50);
    expect(await heard).toBe(9);
    expect([world.errors, world.warnings]).toEqual([[], []]);
    void client.disconnect();
    await world.run(100);
    expect([store.sessions.size, store.left.length]).toEqual([0, 1]);
  });

  test("talks to the first one until the second one has admitted it", async () => {
    const { world, servers, store, join } = await serversWithStore(2, kind);
    const [first, second] = servers as [NetworkServer, NetworkServer];
    const { client } = await join();
    let admit = () => {};
    store.answer = (session) =>
      new Promise((resolve) => {
        admit = () => resolve(session);
      });
    first.players[0]?.redirect(atPort(7778));
    await world.until(() => store.asked.length === 1);
    const heard = first.messageHandler.waitFor(Note);
    client.send(Note, 4);
    await world.run(50);
    expect(await heard).toBe(4);
    admit();
    await world.until(() => second.authenticatedPlayers.length === 1);
  });

  test("stays where nobody answers there, and comes back when its server sends it away", async () => {
    const { world, servers, log, join } = await serversWithStore(1, kind);
    const [first] = servers as [NetworkServer];
    const { client } = await join();
    first.players[0]?.redirect(atPort(7999));
    await world.run(6000, 20);
    expect(world.warnings).toEqual([expect.stringContaining("could not follow a redirect")]);
    expect(client.isAuthenticated).toBe(true);
    log.length = 0;
    const connection = first.players[0]?.connection as LibraryConnection;
    connection.refuse(DisconnectCode.Moved, "moved");
    await world.until(() => log.includes("resumed true 0"), 20);
    expect(log).toEqual(["server 0 lost it: 1027", "suspended", "server 0 has 2", "resumed true 0"]);
  });
});

describe("a player who is redirected", () => {
  test("before it has proven who it is proves it at the other server", async () => {
    const login = defineAuthenticator("name", string(20), (name, { player }) => {
      if (player.ticket.length > 0) return { data: name };
      player.redirect({ ...atPort(7778), ticket: TICKET });
      return { refused: "It is not here" };
    });
    const { servers, log, join } = await serversWithStore(2, "datagram", {
      authentication: { authenticators: [login] },
    });
    const { connecting } = await join({ credential: defineCredential("name", string(20), "Ada") });
    expect((await connecting).id).toBe(1);
    expect(servers[1]?.players[0]?.authentication?.data).toBe("Ada");
    expect(log).toEqual(["server 0 lost it: 1021", "server 1 has 1"]);
  });

  test("when it resumes at a server that only knows where its session is comes there", async () => {
    const { world, servers, store, log, join } = await serversWithStore(3);
    const [first, second, third] = servers as [NetworkServer, NetworkServer, NetworkServer];
    const { client } = await join();
    let arrival: Arrival = { redirect: { ...atPort(7779), ticket: TICKET } };
    const arrive = () => {
      const answer = arrival;
      arrival = {};
      return answer;
    };
    store.answer = (session) => session && { ...session, arrive };
    first.players[0]?.redirect(atPort(7778));
    await world.until(() => third.authenticatedPlayers.length === 1);
    await world.run(100);
    expect(client.isAuthenticated).toBe(true);
    expect([first, second, third].map(({ players }) => players.length)).toEqual([0, 0, 1]);
    expect([...(third.players[0]?.ticket ?? [])]).toEqual([1, 2, 3]);
    expect(log).not.toContain("suspended");
  });

  test("at a server without sessions is a new player at the other one, and the same to its client", async () => {
    const { world, servers, log, join } = await serversWithStore(2, "datagram", { sessions: null });
    const { client } = await join();
    const there = client.player;
    servers[0]?.players[0]?.redirect(atPort(7778));
    await world.until(() => servers[1]?.authenticatedPlayers.length === 1);
    await world.run(100);
    expect(client.player).toBe(there);
    expect(log).toContain("resumed true 0");
    expect(client.isAuthenticated).toBe(true);
  });

  test("to the server where it is stays one player", async () => {
    const { world, servers, log, join } = await serversWithStore(1);
    const { client } = await join();
    const [player] = servers[0]?.players ?? [];
    player?.redirect(atPort(7777));
    await world.until(() => log.includes("resumed false 0"));
    await world.run(500);
    expect(servers[0]?.players).toEqual([player]);
    expect([client.isAuthenticated, player?.isAuthenticated]).toEqual([true, true]);
  });

  test("and who leaves before it has followed has left for good", async () => {
    const { world, servers, store, join } = await serversWithStore(1);
    const { client } = await join();
    servers[0]?.players[0]?.redirect(atPort(7999));
    await world.run(100);
    void client.disconnect();
    await world.run(500);
    expect(store.sessions.size).toBe(0);
  });
});

test("a client, and the client of a host, are not redirected", async () => {
  const { world, join } = await serversWithStore(1);
  const { client } = await join();
  expect(() => client.player?.redirect(atPort(7778))).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
  const host = new NetworkServer({ protocol: newProtocol(), clock: world.clock, listen: false });
  await host.start({ localClient: world.newClient() });
  await world.run(50);
  expect(() => host.players[0]?.redirect(atPort(7778))).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
});

test.each([
  [{ addresses: {} }, RangeError],
  [{ addresses: { udp: "192.0.2.1" } }, RangeError],
  [{ addresses: { udp: `${"x".repeat(255)}:1` } }, RangeError],
  [{ addresses: { udp: 7 } }, TypeError],
  [{ ...atPort(1), serverKey: "vs1private_x" }, RangeError],
  [{ ...atPort(1), ticket: new Uint8Array(1025) }, RangeError],
  [{ ...atPort(1), ticket: "text" }, TypeError],
  [{ ...atPort(1), tickets: TICKET }, TypeError],
  [null, TypeError],
])("redirect throws for %j", async (to, type) => {
  const { servers, join } = await serversWithStore(1);
  await join();
  expect(() => servers[0]?.players[0]?.redirect(to as never)).toThrow(type);
});

describe("a question with retry", () => {
  test("is asked again at the server to which its player was redirected, with its id", async () => {
    const { world, servers, join } = await serversWithStore(2);
    const [first, second] = servers as [NetworkServer, NetworkServer];
    const { client } = await join();
    const asked: number[] = [];
    first.messageHandler.registerRequest(Ask, (_value, _player, _signal, id) => {
      asked.push(id);
      return new Promise(() => {});
    });
    second.messageHandler.registerRequest(Ask, (value, _player, _signal, id) => {
      asked.push(id);
      return value + 1;
    });
    const lost = client.request(Ask, 1).catch(({ code }) => code);
    const kept = client.request(Ask, 41, { retry: true });
    await world.run(50);
    first.players[0]?.redirect(atPort(7778));
    await world.until(() => second.authenticatedPlayers.length === 1);
    await world.run(100);
    expect([await lost, await kept]).toEqual(["ERR_CONNECTION_LOST", 42]);
    expect(asked).toEqual([1, 2, 2]);
  });

  test("of the server is asked again when its player has come back", async () => {
    const { world, servers, socketFactory, log, join } = await serversWithStore(1);
    const { client } = await join();
    const asked: number[] = [];
    client.messageHandler.registerRequest(Ask, (value, _player, _signal, id) => {
      asked.push(id);
      return asked.length === 1 ? new Promise<number>(() => {}) : value + 1;
    });
    const kept = servers[0]?.players[0]?.request(Ask, 41, { retry: true, timeoutMs: 60_000 });
    await world.run(50);
    Object.assign(socketFactory, { isCut: true, isDeaf: true });
    await world.until(() => log.includes("suspended"), 20);
    Object.assign(socketFactory, { isCut: false, isDeaf: false });
    await world.until(() => asked.length === 2, 20);
    await world.run(50);
    expect([await kept, ...asked]).toEqual([42, 1, 1]);
  });
});
