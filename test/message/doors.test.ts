import { describe, expect, test } from "vitest";
import { pause } from "../../lib/clock.js";
import {
  DisconnectCode,
  type Door,
  defineProtocol,
  type NetworkClient,
  NetworkServer,
  PlayerState,
} from "../../lib/message/index.js";
import { ResumeLoop } from "../../lib/message/time/resume-loop.js";
import type { LibraryConnection } from "../../lib/peer/connection/connection.js";
import { MemorySocketFactory, type MemorySocketKind } from "../../lib/socket/index.js";
import { FakeClock, seededRandom } from "../../lib/testing/index.js";
import { Ask, atPort, newProtocol, serversWithStore } from "../support/server-group.js";

const kinds: MemorySocketKind[] = ["datagram", "reliable-lanes", "stream"];

type Group = Awaited<ReturnType<typeof serversWithStore>>;

/** One of the servers dies without a word, and the store keeps the sessions. Resolves when the client is back. */
async function crash({ world, servers, store, log }: Group, client: NetworkClient, at: number): Promise<void> {
  store.remove = () => {};
  log.length = 0;
  client.on("suspended", () => void servers[at]?.stop());
  const connection = servers[at]?.players[0]?.connection as LibraryConnection;
  connection.refuse(DisconnectCode.ConnectionLost, "Crashed");
  await world.until(() => log.includes("suspended"));
  await world.until(() => client.isAuthenticated, 20);
}

test.each(kinds)("over %s, a server that stops and has named doors leaves its players to them", async (kind) => {
  const { world, servers, store, log, join } = await serversWithStore(2, kind, { doors: () => [atPort(7778)] });
  const { client } = await join();
  log.length = 0;
  void servers[0]?.stop();
  await world.until(() => servers[1]?.authenticatedPlayers.length === 1);
  await world.run(100);
  expect(client.isAuthenticated).toBe(true);
  expect(log).toEqual(["server 0 lost it: 1024", "suspended", "server 1 has 1", "resumed true 0"]);
  expect(store.sessions.size).toBe(1);
});

test("a server that stops and has named no doors leaves no session in the store", async () => {
  const { world, servers, store, log, join } = await serversWithStore(1);
  await join();
  expect(store.sessions.size).toBe(1);
  void servers[0]?.stop();
  await world.until(() => log.includes("disconnected 1024"));
  expect(store.sessions.size).toBe(0);
});

describe.each(kinds)("over %s, a client whose server is gone", (kind) => {
  /** Kills the first of the servers: nobody says goodbye, and the store keeps the session. */
  async function killed(count: number, doors: () => readonly Door[]) {
    const group = await serversWithStore(count, kind, { doors });
    const { client } = await group.join();
    const [first] = group.servers as [NetworkServer];
    group.store.remove = () => {};
    client.on("suspended", () => void first.stop());
    group.log.length = 0;
    const connection = first.players[0]?.connection as LibraryConnection;
    connection.refuse(DisconnectCode.ConnectionLost, "The process has crashed");
    await group.world.until(() => group.log.includes("suspended"));
    return { ...group, client };
  }

  test("goes on through one of the doors at once, and is one player", async () => {
    const { world, client, servers, store, log } = await killed(3, () => [atPort(7777), atPort(7778), atPort(7779)]);
    const fromMs = world.clock.now();
    await world.until(() => client.isAuthenticated);
    expect(world.clock.now() - fromMs).toBeLessThan(500);
    await world.run(8000, 20);
    const [, second, third] = servers.map(({ players }) => players.length) as [number, number, number];
    expect([second, third].sort()).toEqual([0, 1]);
    expect(store.asked.length).toBe(1);
    expect(log.filter((line) => !line.startsWith("server"))).toEqual(["suspended", "resumed true 0"]);
  });

  test("tries the other doors where two of them do not answer", async () => {
    const doors = [7990, 7991, 7778, 7992].map(atPort);
    const { world, client, servers } = await killed(2, () => doors);
    await world.until(() => client.isAuthenticated, 20);
    expect(servers[1]?.players.length).toBe(1);
  });

  test("asks its questions with retry there, also those that come while it has no connection", async () => {
    const { world, client, servers } = await killed(2, () => [atPort(7778)]);
    servers[1]?.messageHandler.registerRequest(Ask, (value) => value * 2);
    const kept = client.request(Ask, 21, { retry: true });
    const lost = client.request(Ask, 1).catch(({ code }) => code);
    await world.until(() => client.isAuthenticated, 20);
    await world.run(50);
    expect([await kept, await lost]).toEqual([42, "ERR_CONNECTION_LOST"]);
  });
});

test("a client that has been here for long knows the doors of now, not those of its welcome", async () => {
  let doors = [atPort(7990)];
  const { world, servers, store, log, join } = await serversWithStore(2, "datagram", { doors: () => doors });
  const { client } = await join();
  doors = [atPort(7778)];
  await world.run(20_000, 50);
  store.remove = () => {};
  log.length = 0;
  client.on("suspended", () => void servers[0]?.stop());
  const connection = servers[0]?.players[0]?.connection as LibraryConnection;
  connection.refuse(DisconnectCode.ConnectionLost, "Crashed");
  await world.until(() => log.includes("resumed true 0"), 20);
  expect(servers[1]?.players.length).toBe(1);
});

test("the doors are told with the welcome, and every 10 s then", async () => {
  let asked = 0;
  const doors = () => {
    asked++;
    return [atPort(7778)];
  };
  const { world, join } = await serversWithStore(1, "datagram", { doors });
  await join();
  await world.run(9000, 50);
  expect(asked).toBe(1);
  await world.run(4000, 50);
  expect(asked).toBe(2);
});

test("doors that have changed are told at the client's next ping, once", async () => {
  let asked = 0;
  const doors = () => {
    asked++;
    return [atPort(7778)];
  };
  const { world, servers, join } = await serversWithStore(1, "datagram", { doors });
  await join();
  await world.run(3000, 50);
  NetworkServer.doorsChanged(servers[0] as NetworkServer);
  await world.run(2500, 50);
  expect(asked).toBe(2);
  await world.run(5000, 50);
  expect(asked).toBe(2);
});

test("where no door is left, a client that was redirected looks for its session where it began", async () => {
  const group = await serversWithStore(2, "datagram", { doors: () => [atPort(7990)] });
  const { world, servers } = group;
  const { client } = await group.join();
  servers[0]?.players[0]?.redirect(atPort(7778));
  await world.until(() => servers[1]?.authenticatedPlayers.length === 1);
  await world.run(5000, 50);
  await crash(group, client, 1);
  expect(servers[0]?.players.length).toBe(1);
});

test("where the server of a redirect names no doors, a client keeps those that it knew", async () => {
  const doorsOf: Door[][] = [[atPort(7779)], [], []];
  const group = await serversWithStore(3, "datagram", { doors: () => doorsOf.shift() ?? [] });
  const { world, servers, store } = group;
  const { client } = await group.join();
  servers[0]?.players[0]?.redirect(atPort(7778));
  await world.until(() => servers[1]?.authenticatedPlayers.length === 1);
  await world.run(1000, 50);
  store.remove = () => {};
  void servers[0]?.stop();
  await world.run(1000, 50);
  await crash(group, client, 1);
  expect(servers[2]?.players.length).toBe(1);
});

test("a client comes back to a server that needs longer for its session than a handshake may take", async () => {
  const group = await serversWithStore(2, "datagram", { doors: () => [atPort(7778)] });
  const { client } = await group.join({ peer: { handshakeTimeoutMs: 1500 } });
  group.store.answer = (session) => pause(group.world.clock, 2000).then(() => session);
  await crash(group, client, 0);
  expect(group.servers[1]?.players.length).toBe(1);
});

test("the doors of a server are bounded, and what is none is told of and left out", async () => {
  const { world, join } = await serversWithStore(1, "datagram", {
    doors: () => [...new Array(9).fill(atPort(7001)), { addresses: { memory: "nowhere" } }],
  });
  await join();
  expect(world.errors).toEqual([]);
  const wrong = await serversWithStore(1, "datagram", { doors: () => [{ addresses: { memory: "nowhere" } }] });
  const { client } = await wrong.join();
  expect(client.isAuthenticated).toBe(true);
  expect(wrong.world.errors).toEqual([expect.objectContaining({ code: "ERR_OUT_OF_RANGE" })]);
  expect(() => new NetworkServer({ protocol: newProtocol(), doors: [] as never })).toThrow(TypeError);
});

test("what is no door keeps no other one out", async () => {
  const doors = () => [{ addresses: { memory: "nowhere" } }, atPort(7778)];
  const group = await serversWithStore(2, "datagram", { doors });
  const { client } = await group.join();
  await crash(group, client, 0);
  expect(group.servers[1]?.players.length).toBe(1);
});

describe("a door of another version", () => {
  /** A client whose first server is gone, and how often it has asked a door whose server has another protocol. */
  async function beside() {
    const group = await serversWithStore(1, "datagram", { doors: () => [atPort(7778)] });
    const { world, servers, store } = group;
    const asked = [0, 0];
    const other = (port: number) =>
      new NetworkServer({
        protocol: defineProtocol({ name: "redirect", version: 2, messages: [] }),
        socketFactory: new MemorySocketFactory(world.network, { kind: "datagram", port }),
        ...{ clock: world.clock, logger: { warn: () => {} } },
        beforeAccept: () => {
          asked[port - 7777] = (asked[port - 7777] ?? 0) + 1;
          return true;
        },
      });
    await other(7778).start();
    const { client } = await group.join();
    store.remove = () => {};
    client.on("suspended", () => void servers[0]?.stop());
    const connection = servers[0]?.players[0]?.connection as LibraryConnection;
    connection.refuse(DisconnectCode.ConnectionLost, "Crashed");
    await world.run(5000, 20);
    return { ...group, client, asked, other };
  }

  test("is asked once", async () => {
    const { world, client, asked } = await beside();
    await world.run(10_000, 50);
    expect([asked, client.player?.state]).toEqual([[0, 1], PlayerState.Suspended]);
  });

  test("ends the client when the last server has become one too, and says why", async () => {
    const { world, asked, other, log } = await beside();
    await other(7777).start();
    await world.run(6000, 20);
    expect([asked, log.at(-1)]).toEqual([[1, 1], `disconnected ${DisconnectCode.ProtocolMismatch}`]);
  });
});

describe("the loop", () => {
  const SILENT = { code: DisconnectCode.ConnectionLost, text: "no answer" };
  const SLOW = { code: DisconnectCode.HandshakeTimeout, text: "not in time" };
  function looping(doors: string[]) {
    const clock = new FakeClock();
    const log: string[] = [];
    const startMs = clock.now();
    const say = (text: string) => void log.push(`${Math.round(clock.now() - startMs)} ${text}`);
    const loop = new ResumeLoop<string>(clock, seededRandom(3), {
      attempt: (target, patience) => say(patience === 1 ? target : `${target} ${patience}`),
      onRefused: ({ text }) => say(`refused: ${text}`),
      onExpired: (windowMs) => say(`expired after ${windowMs}`),
    });
    loop.start(10_000, "last", doors);
    clock.advance(0);
    return { clock, log, loop };
  }

  test("begins with the last server and two doors, and takes the next door after one that failed", () => {
    const { clock, log, loop } = looping(["a", "b", "c", "d"]);
    expect(log.length).toBe(3);
    expect(log[0]).toBe("0 last");
    const [one, two] = log.slice(1).map((line) => line.slice(2)) as [string, string];
    loop.failed(one, SILENT, false);
    loop.failed(two, SILENT, false);
    clock.advance(2000);
    const next = log.slice(3).map((line) => line.replace(/^\d+ /, ""));
    expect([...new Set([one, two, ...next])].sort()).toEqual(["a", "b", "c", "d"]);
  });

  test("pauses 0.2 to 2 s, never twice the same", () => {
    const { clock, log, loop } = looping([]);
    const times: number[] = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      const fromMs = clock.now();
      loop.failed("last", SILENT, false);
      while (log.length === attempt + 1) clock.advance(1);
      times.push(clock.now() - fromMs);
    }
    expect(Math.min(...times)).toBeGreaterThanOrEqual(200);
    expect(Math.max(...times)).toBeLessThanOrEqual(2001);
    expect(new Set(times.map(Math.round)).size).toBe(4);
  });

  test("gives a server that answers too late twice the time, up to four times, and one that is silent no more", () => {
    const { clock, log, loop } = looping([]);
    for (const reason of [SILENT, SLOW, SLOW, SLOW]) {
      loop.failed("last", reason, false);
      clock.advance(2000);
    }
    expect(log.map((line) => line.replace(/^\d+ /, ""))).toEqual(["last", "last", "last 2", "last 4", "last 4"]);
    loop.start(10_000, "last", []);
    clock.advance(0);
    expect(log.at(-1)).toMatch(/ last$/);
  });

  test("asks nobody again who has refused, and ends when all have", () => {
    const { clock, log, loop } = looping(["a"]);
    loop.failed("last", { code: 1026, text: "unknown here" }, true);
    clock.advance(3000);
    expect(log).toEqual(["0 last", "0 a"]);
    loop.failed("a", SILENT, false);
    clock.advance(2000);
    expect(log.length).toBe(3);
    loop.failed("a", { code: 1026, text: "unknown there" }, true);
    expect(log.at(-1)).toMatch(/refused: unknown here$/);
  });

  test("ends with the session", () => {
    const { clock, log, loop } = looping([]);
    clock.advance(10_000);
    expect(log).toEqual(["0 last", "10000 expired after 10000"]);
    loop.stop();
  });
});
