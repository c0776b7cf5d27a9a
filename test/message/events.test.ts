import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type ClientExtension,
  defineProtocol,
  type NetworkClient,
  type NetworkServer,
  PlayerSlot,
  type ServerExtension,
} from "../../lib/message/index.js";
import type { MemorySocketKind } from "../../lib/socket/index.js";
import { CuttableFactory, MessageWorld } from "../support/message-world.js";

const newProtocol = () => defineProtocol({ name: "events", version: 1, messages: [] });

/** The order of events by a table of docs/message.md, found by its heading: one line per row. */
function documentedOrder(scenario: string, side: "server" | "client", place: "remote" | "host"): string[] {
  const text = readFileSync(new URL("../../docs/message.md", import.meta.url), "utf8");
  const section = text.split(`#### ${scenario}\n`)[1]?.split("\n#")[0] ?? "";
  const rows = [...section.matchAll(/^\| (\w+) \| `(\w+)` \| (\w+) \| (\w+) \|/gm)].map(([, ...cells]) => cells);
  const isFor = (row: (string | undefined)[]) => row[0] === side && (row[3] === "both" || row[3] === place);
  return rows.filter(isFor).map(([, name, kind]) => `${kind} ${name}`);
}

const hooks = [
  "started",
  "playerAuthenticated",
  "playerReady",
  "playerSuspended",
  "playerResumed",
  "playerDisconnecting",
  "stopped",
] as const;
const serverEvents = [
  "started",
  "connected",
  "authenticated",
  "readied",
  "suspended",
  "resumed",
  "disconnected",
  "stopped",
  "hostStarted",
  "hostStopped",
] as const;
const clientEvents = ["started", "connected", "authenticated", "suspended", "resumed", "disconnected"] as const;

function recorded(log: string[]): Record<string, () => void> {
  return Object.fromEntries(hooks.map((hook) => [hook, () => log.push(`hook ${hook}`)]));
}

function watchServer(server: NetworkServer): string[] {
  const log: string[] = [];
  server.use(recorded(log) as ServerExtension);
  for (const event of serverEvents) server.on(event, () => void log.push(`event ${event}`));
  return log;
}

function watchClient(client: NetworkClient): string[] {
  const log: string[] = [];
  client.use(recorded(log) as ClientExtension);
  for (const event of clientEvents) client.on(event, () => void log.push(`event ${event}`));
  return log;
}

const kinds: MemorySocketKind[] = ["datagram", "reliable-lanes", "stream"];

async function start(place: MemorySocketKind | "host") {
  const kind = place === "host" ? "datagram" : place;
  const world = new MessageWorld({ protocol: newProtocol(), kind, server: { sessions: { resumeWindowMs: 60_000 } } });
  const server = watchServer(world.server);
  const socketFactory = new CuttableFactory(world.network, { kind });
  const client = world.newClient({ socketFactory });
  const clientLog = watchClient(client);
  if (place === "host") await world.server.start({ localClient: client });
  else {
    await world.server.start();
    void client.connect();
  }
  await world.until(() => client.isAuthenticated);
  await world.run(50);
  return { world, client, socketFactory, server, clientLog };
}

describe.each([...kinds, "host"] as const)("over %s", (place) => {
  const column = place === "host" ? "host" : "remote";

  test("a player joins and leaves in the documented order", async () => {
    const { world, client, server, clientLog } = await start(place);
    void client.disconnect();
    await world.run(300);
    expect(server).toEqual(documentedOrder("A player joins, and leaves", "server", column));
    expect(clientLog).toEqual(documentedOrder("A player joins, and leaves", "client", column));
    expect(server.length + clientLog.length).toBeGreaterThan(14);
    expect(world.server.active).toBe(true);
    expect(world.server.isHost).toBe(false);
  });

  test("a server stops in the documented order, and tells every player", async () => {
    const { world, client, server, clientLog } = await start(place);
    server.length = 0;
    clientLog.length = 0;
    const stopped = world.server.stop();
    expect(server).toEqual(documentedOrder("A server stops", "server", column));
    await world.run(3000);
    await stopped;
    expect(clientLog).toEqual(documentedOrder("A server stops", "client", column));
    expect(server.length + clientLog.length).toBeGreaterThan(6);
    expect(client.active).toBe(false);
  });
});

describe.each(kinds)("over %s", (kind) => {
  test("a player is lost and comes back in the documented order", async () => {
    const { world, client, socketFactory, server, clientLog } = await start(kind);
    server.length = 0;
    clientLog.length = 0;
    socketFactory.isCut = true;
    await world.until(() => client.player?.isConnected === false, 50);
    await world.run(500, 50);
    socketFactory.isCut = false;
    await world.until(() => client.isAuthenticated, 50);
    await world.run(500);
    expect(server).toEqual(documentedOrder("A player is lost, and comes back", "server", "remote"));
    expect(clientLog).toEqual(documentedOrder("A player is lost, and comes back", "client", "remote"));
    expect(server.length + clientLog.length).toBe(10);
  });
});

test("a server starts again after its stop", async () => {
  const world = new MessageWorld({ protocol: newProtocol() });
  for (let round = 1; round <= 2; round++) {
    await world.server.start();
    await expect(world.server.start()).rejects.toMatchObject({ code: "ERR_STATE" });
    const { player } = await world.join();
    expect(player.id).toBe(round);
    const stopped = world.server.stop();
    await world.run(3000);
    await stopped;
  }
});

test("a stop during the start makes the start reject, and leaves nothing bound", async () => {
  const { server, factory } = new MessageWorld({ protocol: newProtocol() });
  const starting = server.start();
  void server.stop();
  await expect(starting).rejects.toMatchObject({ code: "ERR_CLOSED" });
  expect([server.active, server.boundPort]).toEqual([false, null]);
  await expect(factory.createServerSocket().bind(factory.getBindEndPoint())).resolves.toBe(undefined);
});

test("a host's client that is disconnected by a listener of its start does not join", async () => {
  const world = new MessageWorld({ protocol: newProtocol(), server: { listen: false } });
  const client = world.newClient();
  client.on("started", () => void client.disconnect());
  await world.server.start({ localClient: client });
  await world.run(100);
  expect([client.active, world.server.isHost, world.server.players.length]).toEqual([false, false, 0]);
  await world.server.stop();
});

test("what a listener throws is reported, and the other listeners are called", async () => {
  const world = new MessageWorld({ protocol: newProtocol() });
  const heard: number[] = [];
  world.server.on("authenticated", () => {
    throw new Error("sync");
  });
  world.server.on("authenticated", async () => {
    throw new Error("async");
  });
  const off = world.server.on("authenticated", ({ id }) => void heard.push(id));
  await world.server.start();
  await world.join();
  off();
  await world.join();
  expect(heard).toEqual([1]);
  const [sync, async] = [{ message: "sync" }, { message: "async" }];
  expect(world.errors).toMatchObject([sync, async, sync, async]);
});

test("a listener of a late event is called at once when it has happened, until it is over", async () => {
  const { server } = new MessageWorld({ protocol: newProtocol(), server: { listen: false } });
  const heard: string[] = [];
  server.on("started", () => void heard.push("early"));
  await server.start();
  server.on("started", () => void heard.push("late"));
  await server.stop();
  server.on("started", () => void heard.push("after"));
  server.on("stopped", () => void heard.push("stopped"));
  expect(heard).toEqual(["early", "late", "stopped"]);
  expect(() => server.on("startd" as "started", () => {})).toThrow(TypeError);
});

test("extensions add messages, and keep a value for each player", async () => {
  const protocol = newProtocol();
  const world = new MessageWorld({ protocol });
  const slot = new PlayerSlot((player) => ({ name: `player ${player.address}` }));
  const ticks: number[] = [];
  world.server.use({ tick: (tick) => void ticks.push(tick), beforeSend: () => void ticks.push(-1) });
  await world.server.start();
  expect(() => world.server.use({})).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
  const { player } = await world.join();
  expect(slot.of(player)).toBe(slot.of(player));
  expect(slot.of(player).name).toContain("player ");
  expect(ticks.length).toBeGreaterThan(1);
  expect(ticks.filter((_, index) => index % 2 === 1).every((value) => value === -1)).toBe(true);
});
