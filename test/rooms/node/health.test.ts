import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { defineMessage, defineProtocol, NetworkServer } from "../../../lib/message/index.js";
import { MemoryEngine } from "../../../lib/rooms/engine/index.js";
import { Agones, drainOnSignal, Health, type Room, type RoomHost } from "../../../lib/rooms/index.js";
import { u8 } from "../../../lib/serialization/index.js";
import { RoomsWorld } from "../../support/rooms-world.js";

const newProtocol = () => defineProtocol({ name: "health", version: 1, messages: [] });
const rooms = { arena: { capacity: 4, open: () => {} } };

async function listening(world: RoomsWorld) {
  const health = new Health(world.host);
  const port = await health.start();
  onTestFinished(() => health.stop());
  return async (path: string, method = "GET") => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return { status: response.status, text: await response.text() };
  };
}

test("a host is alive from the start, ready while it takes players, and counts", async () => {
  const world = new RoomsWorld(newProtocol, rooms);
  const get = await listening(world);
  expect([(await get("/livez")).status, (await get("/readyz")).status]).toEqual([200, 503]);
  await world.host.start();
  expect(await get("/readyz")).toEqual({ status: 200, text: "ok\n" });
  await world.host.createRoom("arena");
  const { text } = await get("/metrics");
  expect(text).toContain("# TYPE valve_sockets_host_rooms gauge\nvalve_sockets_host_rooms 1\n");
  expect(text).toMatch(/^valve_sockets_connections_packets_sent_total \d+$/m);
  world.host.server.close();
  expect((await get("/readyz")).status).toBe(503);
  expect((await get("/livez")).status).toBe(200);
  world.host.server.open();
  expect((await get("/readyz")).status).toBe(200);
  expect([(await get("/livez", "POST")).status, (await get("/else")).status]).toEqual([405, 404]);
  expect(await get("/readyz", "HEAD")).toEqual({ status: 200, text: "" });
});

test("what rooms count is in the figures of their host: failures, what has no handler, ticks, players", async () => {
  const [Bad, Lost] = [defineMessage("bad", u8), defineMessage("lost", u8)];
  const both = () => defineProtocol({ name: "health", version: 1, messages: [Bad, Lost] });
  const boom = () => {
    throw new Error("boom");
  };
  const kind = {
    ...{ capacity: 4, emptyMs: 100, server: { tickRate: 10 } },
    open: ({ server }: Room) => server.messageHandler.register(Bad, boom),
  };
  const world = new RoomsWorld(both, { arena: kind });
  await world.host.start();
  const get = await listening(world);
  const figure = async (name: string) =>
    Number(new RegExp(`^valve_sockets_${name} (.*)$`, "m").exec((await get("/metrics")).text)?.[1]);
  for (const id of ["one", "two"]) {
    const { client, rooms } = await world.connect();
    await world.host.createRoom("arena", { id });
    await world.wait(rooms.joinById(id));
    client.send(Bad, 1);
    client.send(Lost, 1);
    await world.run(1000);
  }
  const ticks = await figure("ticks_count_total");
  expect(ticks).toBeGreaterThan(20);
  expect([await figure("failures_total"), await figure("unhandled_total")]).toEqual([2, 2]);
  expect([await figure("players"), await figure("authenticated_players")]).toEqual([2, 2]);
  expect(world.host.metrics).toMatchObject({ failures: 2, unhandled: 2, players: 2 });
  expect(world.host.server.metrics).toMatchObject({ failures: 0, unhandled: 0, players: 0 });
  // One line for each mistake, in however many rooms it is made.
  expect(world.warnings.map((text) => text.split("\n")[0])).toEqual([
    "valve-sockets: the handler of bad failed",
    "valve-sockets: from a client: No handler for lost",
  ]);

  await world.host.getRoom("one")?.close();
  await world.host.getRoom("two")?.close();
  await world.run(200);
  expect(world.host.metrics).toMatchObject({ rooms: 0, failures: 2, unhandled: 2 });
  expect(await figure("ticks_count_total")).toBeGreaterThanOrEqual(ticks);
  // Of the rooms that ended nothing is kept but the sum.
  const counted = vi.spyOn(NetworkServer, "countsOf");
  onTestFinished(() => counted.mockRestore());
  expect(world.host.metrics.failures).toBe(2);
  expect(counted.mock.calls).toEqual([[world.host.server]]);
  await world.wait(world.host.stop());
});

test("the figures say by which codes players were refused, and who drains", async () => {
  const world = new RoomsWorld(newProtocol, { duel: { capacity: 1, open: () => {} } });
  await world.host.start();
  const get = await listening(world);
  await world.host.createRoom("duel", { id: "one" });
  const { client, rooms } = await world.connect();
  const { rooms: others } = await world.connect();
  await world.wait(rooms.joinById("one"));
  const codes = [await world.codeOf(others.joinById("one")), await world.codeOf(others.joinById("one"))];
  codes.push(await world.codeOf(others.joinById("none")));
  expect(codes).toEqual(["ERR_ROOM_FULL", "ERR_ROOM_FULL", "ERR_ROOM_NOT_FOUND"]);
  expect(world.host.metrics).toMatchObject({
    ...{ refusals: 3, refusalsByCode: { ERR_ROOM_FULL: 2, ERR_ROOM_NOT_FOUND: 1 }, isDraining: false },
  });
  const { text } = await get("/metrics");
  expect(text).toContain(`# TYPE valve_sockets_host_refusals_by_code_total counter
valve_sockets_host_refusals_by_code_total{code="ERR_ROOM_FULL"} 2
valve_sockets_host_refusals_by_code_total{code="ERR_ROOM_NOT_FOUND"} 1
`);
  expect(text).toContain("# TYPE valve_sockets_host_is_draining gauge\nvalve_sockets_host_is_draining 0\n");
  const drained = world.host.drain();
  expect(await get("/readyz")).toEqual({
    ...{ status: 503, text: "The host is draining (players: 2, rooms: 1): it takes no new ones\n" },
  });
  expect((await get("/metrics")).text).toContain("valve_sockets_host_is_draining 1\n");
  world.host.undrain();
  expect(await world.wait(drained)).toBe(null);
  expect([world.host.metrics.isDraining, (await get("/readyz")).status]).toEqual([false, 200]);
  expect(client.isAuthenticated).toBe(true);
  await world.wait(world.host.stop());
  expect(world.host.metrics.isDraining).toBe(false);
});

test("without its engine a host is alive, and not ready", async () => {
  const engine = new MemoryEngine();
  const fleet = {
    engine,
    app: "test",
    fleetKey: [new Uint8Array(32).fill(1)],
    door: { addresses: { memory: "m:7777" } },
  };
  const world = new RoomsWorld(newProtocol, rooms, fleet);
  const get = await listening(world);
  await world.wait(world.host.start());
  expect((await get("/readyz")).status).toBe(200);
  expect((await get("/metrics")).text).toContain("valve_sockets_fleet_hosts 1");
  expect((await get("/metrics")).text).toContain("gauge\nvalve_sockets_fleet_is_ready 1\n");
  engine.disconnect();
  expect((await get("/metrics")).text).toContain("valve_sockets_fleet_is_ready 0\n");
  expect(await get("/readyz")).toEqual({ status: 503, text: "The host has no link to its engine\n" });
  expect((await get("/livez")).status).toBe(200);
  engine.reconnect();
  await world.run(100);
  expect((await get("/readyz")).status).toBe(200);
});

/** Agones' SDK server, as far as a game server sees it: the states that its calls lead to. */
async function sdkServer() {
  const calls: string[] = [];
  const watchers: ServerResponse[] = [];
  const sdk = { state: "Scheduled", failures: 0, calls, url: "", health: 0, say };
  const states: Record<string, string> = { "/ready": "Ready", "/allocate": "Allocated", "/shutdown": "Shutdown" };
  function say(state: string, rest = "\n"): void {
    sdk.state = state;
    for (const watcher of watchers) watcher.write(JSON.stringify({ result: { status: { state } } }) + rest);
  }
  const server = createServer((request: IncomingMessage, response) => {
    const path = request.url ?? "";
    if (path === "/watch/gameserver") {
      watchers.push(response);
      response.writeHead(200, { "content-type": "application/json" });
      response.flushHeaders();
      return;
    }
    if (sdk.failures-- > 0) {
      response.writeHead(500).end();
      return;
    }
    if (path === "/health") sdk.health++;
    else calls.push(path);
    if (states[path]) say(states[path]);
    response.writeHead(200).end("{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  sdk.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { sdk, watchers };
}

/** Lets real requests finish, and the host's time pass, until a condition holds. */
async function until(world: RoomsWorld, condition: () => boolean): Promise<void> {
  while (!condition()) await world.run(20, 20);
}

test("Agones hears Ready, health, Allocated from the first player, and Shutdown after the drain", async () => {
  const { sdk, watchers } = await sdkServer();
  sdk.failures = 2;
  const world = new RoomsWorld(newProtocol, rooms);
  await world.host.start();
  let drained: Promise<unknown> | null = null;
  const agones = new Agones(world.host, {
    ...{ url: sdk.url, clock: world.clock, healthMs: 1000 },
    onShutdown: () => {
      drained = world.host.drain().then(() => agones.shutdown());
    },
  });
  onTestFinished(() => agones.stop());
  await world.wait(agones.start());
  expect([sdk.state, sdk.calls]).toEqual(["Ready", ["/ready"]]);
  await until(world, () => sdk.health >= 2 && watchers.length > 0);
  const { client } = await world.connect();
  await until(world, () => sdk.state === "Allocated");
  await world.connect();
  await until(world, () => sdk.health >= 4);
  expect(sdk.calls).toEqual(["/ready", "/allocate"]);
  for (const watcher of watchers) watcher.write("no JSON\n{}\n");
  sdk.say("Shutdown");
  await until(world, () => drained !== null);
  expect(client.isAuthenticated).toBe(true);
  await world.run(31_000, 100);
  await until(world, () => sdk.calls.includes("/shutdown"));
  await drained;
  expect(sdk.calls).toEqual(["/ready", "/allocate", "/shutdown"]);
});

test("on a SIGTERM a host is drained and its process ends: with 0, or 1 if somebody was disconnected", async () => {
  const run = async (players: number, how = "signal") => {
    const program = new URL("host.mjs", import.meta.url);
    const child = spawn(process.execPath, [program.pathname, `${players}`, how], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    await new Promise<void>((resolve) => {
      child.stdout.on("data", (data) => {
        text += data;
        if (text.includes("ready")) resolve();
      });
    });
    if (how === "signal") child.kill("SIGTERM");
    const [code] = await once(child, "exit");
    return { code, text };
  };
  expect(await run(0)).toEqual({ code: 0, text: "ready\ndrained\n" });
  expect(await run(1)).toEqual({ code: 1, text: "ready\ndrained\n" });
  // By an operator, as on a signal.
  expect(await run(0, "ordered")).toEqual({ code: 0, text: "ready\ndrained\n" });
  expect(await run(1, "ordered")).toEqual({ code: 1, text: "ready\ndrained\n" });
});

test("a drain that is taken back ends no process, and a later signal is followed", async () => {
  const world = new RoomsWorld(newProtocol, rooms);
  await world.host.start();
  await world.connect();
  const exit = vi.spyOn(process, "exit").mockImplementation((() => {}) as never);
  onTestFinished(() => exit.mockRestore());
  const count = process.listenerCount("SIGTERM");
  const end = drainOnSignal(world.host, { deadlineMs: 1000 });
  expect(process.listenerCount("SIGTERM")).toBe(count + 1);
  process.emit("SIGTERM");
  expect(process.listenerCount("SIGTERM")).toBe(count);
  await world.run(100);
  world.host.undrain();
  await world.run(2000, 20);
  expect([process.listenerCount("SIGTERM"), exit.mock.calls, world.host.server.active]).toEqual([count + 1, [], true]);
  process.emit("SIGTERM");
  await world.run(2000, 20);
  expect(exit.mock.calls).toEqual([[1]]);
  end();
});

test.each(["is new", "starts", "stops", "has stopped"])(
  "a SIGTERM to a host that %s ends the process with 0",
  async (when) => {
    const world = new RoomsWorld(newProtocol, rooms);
    const starting = when === "is new" ? null : world.host.start().catch(() => {}); // ERR_CLOSED
    if (when !== "starts") await starting;
    const stopping = when.includes("stop") ? world.host.stop() : null;
    if (when === "has stopped") await stopping;
    const exit = vi.spyOn(process, "exit").mockImplementation((() => {}) as never);
    onTestFinished(() => exit.mockRestore());
    onTestFinished(drainOnSignal(world.host));
    process.emit("SIGTERM");
    await until(world, () => exit.mock.calls.length > 0);
    expect(exit.mock.calls).toEqual([[0]]);
    expect(world.host.server.active).toBe(false);
    await Promise.allSettled([starting, stopping]);
  },
);

test("what is no host is refused where it is given", () => {
  const nobody = undefined as unknown as RoomHost;
  for (const give of [() => new Health(nobody), () => drainOnSignal(nobody), () => new Agones(nobody)])
    expect(give).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
  const { host } = new RoomsWorld(newProtocol, rooms);
  expect(() => drainOnSignal(host, { deadlineMs: "5" as unknown as number })).toThrow("deadlineMs");
  expect(() => drainOnSignal(host, { deadline: 5 } as object)).toThrow("did you mean deadlineMs");
});

test("Agones.start ends with what to do when nobody answers for 30 s", async () => {
  const world = new RoomsWorld(newProtocol, rooms);
  await world.host.start();
  const agones = new Agones(world.host, { url: "http://127.0.0.1:9", clock: world.clock });
  let error = new Error("It waits");
  const failed = agones.start().catch((cause) => {
    error = cause;
  });
  while (error.message === "It waits") await world.run(500, 500);
  await failed;
  expect(error).toMatchObject({ code: "ERR_CONNECT_FAILED", message: expect.stringContaining("http://127.0.0.1:9") });
  expect(error.message).toContain("AGONES_SDK_HTTP_PORT");
  expect(world.clock.now()).toBeGreaterThanOrEqual(30_000);
});
