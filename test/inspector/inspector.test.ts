import { Agent, type AgentOptions, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect, type Socket } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { Endpoint } from "../../lib/index.js";
import {
  type InspectOptions,
  type InspectorSnapshot,
  inspect,
  openTelemetrySpans,
  prometheusText,
  publishDiagnostics,
} from "../../lib/inspector/index.js";
import {
  defineMessage,
  defineProtocol,
  type INetworkPlayer,
  NetworkClient,
  NetworkServer,
} from "../../lib/message/index.js";
import type { LibraryConnection } from "../../lib/peer/connection/connection.js";
import { RoomHost, RoomsClient } from "../../lib/rooms/index.js";
import { string } from "../../lib/serialization/index.js";
import { LagSocketFactory, MemoryNetwork, MemorySocketFactory } from "../../lib/socket/index.js";
import { createDevelopmentCertificate } from "../../lib/socket/tls/development-certificate.js";
import { FakeClock } from "../../lib/testing/index.js";

const Chat = defineMessage("chat", string(100));
const protocol = defineProtocol({ name: "game", version: 3, messages: [Chat] });

/** A server with a client, and its inspector. */
async function start(options: InspectOptions = {}) {
  const socketFactory = new LagSocketFactory(new MemorySocketFactory(new MemoryNetwork()));
  const server = new NetworkServer({ protocol, socketFactory });
  const client = new NetworkClient({ protocol, socketFactory });
  const inspector = await inspect(server, { ...(options.controls && { lag: socketFactory }), ...options });
  onTestFinished(async () => {
    await inspector.close();
    await client.disconnect();
    await server.stop();
  });
  await server.start();
  server.messageHandler.register(Chat, (text, player) => void player.send(Chat, text));
  await client.connect();
  client.send(Chat, "hi");
  await client.messageHandler.waitFor(Chat);
  /** What a request is answered: its status, and its text or JSON. */
  const ask = async (path: string, headers: Record<string, string> = {}, body?: object | string) => {
    const { status, text } = await fetchRaw(inspector.port, path, headers, body);
    return { status, body: text.startsWith("{") ? JSON.parse(text) : text };
  };
  const withToken = { authorization: `Bearer ${inspector.token}` };
  return { server, client, inspector, socketFactory, ask, withToken };
}

/** `fetch` sets Host and Origin as it likes. */
function fetchRaw(
  port: number,
  path: string,
  headers: Record<string, string>,
  body?: object | string,
  agent: Agent | false = false,
) {
  type Answer = { status: number; text: string; headers: NodeJS.Dict<string | string[]>; from: number | undefined };
  return new Promise<Answer>((resolve, reject) => {
    const method = body ? "POST" : "GET";
    const options = { host: "127.0.0.1", port, path, method, headers, agent };
    const sent = httpRequest(options, async (response) => {
      const from = response.socket.localPort;
      let text = "";
      for await (const chunk of response.setEncoding("utf8")) text += chunk;
      resolve({ status: response.statusCode ?? 0, text, headers: response.headers, from });
    });
    sent.on("error", reject);
    sent.end(typeof body === "object" ? JSON.stringify(body) : body);
  });
}

test("of a RoomHost, whose rooms number their players themselves, the chosen player is disconnected", async () => {
  const socketFactory = new MemorySocketFactory(new MemoryNetwork());
  const host = new RoomHost({ protocol, socketFactory, rooms: { duel: { capacity: 4, open: () => {} } } });
  await host.start();
  const inspector = await inspect(host, { controls: true });
  const clients = await Promise.all(
    ["one", "two"].map(async (id) => {
      await host.createRoom("duel", { id });
      const client = new NetworkClient({ protocol, socketFactory });
      const rooms = new RoomsClient(client);
      await client.connect();
      await rooms.joinById(id);
      return client;
    }),
  );
  const [one, two] = clients as [NetworkClient, NetworkClient];
  onTestFinished(async () => {
    await inspector.close();
    await one.disconnect();
    await host.stop();
  });
  const figures = (await fetchRaw(inspector.port, "/metrics", { authorization: `Bearer ${inspector.token}` })).text;
  expect(figures).toContain("# TYPE valve_sockets_host_rooms gauge\nvalve_sockets_host_rooms 2\n");
  expect(figures).toContain("# TYPE valve_sockets_host_players gauge\nvalve_sockets_host_players 2\n");
  expect(one.player?.id).toBe(two.player?.id);
  const headers = { authorization: `Bearer ${inspector.token}` };
  const { text } = await fetchRaw(inspector.port, "/snapshot?views=rooms,connections", headers);
  const { rooms, connections } = JSON.parse(text) as InspectorSnapshot;
  const ids = ["one", "two"].map((id) => rooms.find((room) => room.id === id)?.players[0]);
  expect(connections.map(({ id }) => id).sort()).toEqual(ids.toSorted());
  const ended = new Promise((resolve) => two.on("disconnected", resolve));
  await fetchRaw(inspector.port, "/kick", headers, { player: ids[1] });
  await ended;
  expect(one.isConnected).toBe(true);
});

test("a snapshot has what the server has counted, and costs only what is asked for", async () => {
  const { server, ask, withToken } = await start();
  const [player] = server.players;
  const count = () => {
    const { bytesSent = -1, bytesReceived = -1, packetsSent = -1 } = player?.connection?.metrics ?? {};
    return { bytesSent, bytesReceived, packetsSent };
  };
  const take = async () => {
    const before = count();
    const { body } = await ask("/snapshot?views=connections,messages,nothing", withToken);
    return { before, body };
  };
  // A packet may come between the two.
  let { before, body } = await take();
  while (!isDeepStrictEqual(before, count())) ({ before, body } = await take());
  expect(body).toMatchObject({
    ...{ name: "game", version: 3, controls: false, lag: null, connectionCount: 1, objects: null, comms: null },
    connections: [
      {
        id: 1,
        transport: "memory",
        state: "Authenticated",
        address: player?.address,
        ...before,
      },
    ],
    figures: {
      players: 1,
      "connections.bytesSent": before.bytesSent,
      "connections.messagesReceived.0": expect.any(Number),
    },
  });
  const chat = { name: "chat", ...player?.metricsOf(Chat) };
  expect(body.messages).toContainEqual(chat);
  expect([chat.messagesSent, chat.messagesReceived]).toEqual([1, 1]);
  const { body: small } = await ask("/snapshot", withToken);
  expect([small.connections, small.messages, small.connectionCount]).toEqual([[], [], 1]);
});

test("whoever has no token sees no figure", async () => {
  const { inspector, ask, withToken } = await start();
  for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: inspector.token }]) {
    for (const path of ["/snapshot", "/metrics", "/nothing"]) {
      expect(await ask(path, headers)).toMatchObject({ status: 401, body: expect.stringContaining("token") });
    }
    expect(await ask("/kick", headers, { player: 1 })).toMatchObject({ status: 401 });
  }
  expect(await ask(`/snapshot?token=${inspector.token}`)).toMatchObject({ status: 401 });
  expect(await ask("/nothing", withToken)).toMatchObject({ status: 404 });
  expect(await ask("/__proto__", withToken)).toMatchObject({ status: 404 });
});

test("pages of other sites are refused, whatever name leads them here", async () => {
  const { inspector, ask, withToken } = await start();
  const { port } = inspector;
  for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1", `127.0.0.1:${port + 1}`]) {
    expect(await ask("/", { host })).toMatchObject({ status: 403 });
    expect(await ask("/snapshot", { ...withToken, host })).toMatchObject({ status: 403 });
  }
  for (const origin of ["http://evil.example", "null", `https://127.0.0.1:${port}`, `http://localhost:${port}`]) {
    expect(await ask("/snapshot", { ...withToken, origin })).toMatchObject({ status: 403 });
  }
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) {
    expect(await ask("/snapshot", { ...withToken, host, origin: `http://${host}` })).toMatchObject({ status: 200 });
  }
  const { headers } = await fetchRaw(port, "/", {});
  expect(headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'self';/);
  expect(headers["content-security-policy"]).not.toContain("unsafe");
});

test("at all addresses it is found by each of them, and by no name but with a certificate", async () => {
  const { server } = await start();
  const open = await inspect(server, { host: "0.0.0.0", insecure: true });
  const { cert, key } = createDevelopmentCertificate();
  const sealed = await inspect(server, { host: "::", tls: { cert, key } });
  onTestFinished(async () => {
    await open.close();
    await sealed.close();
  });
  const statusAt = async (host: string, origin = `http://${host}`) =>
    (await fetchRaw(open.port, "/snapshot", { authorization: `Bearer ${open.token}`, host, origin })).status;
  const { port } = open;
  for (const host of [
    `127.0.0.1:${port}`,
    `192.168.1.7:${port}`,
    "192.168.1.7",
    `[2001:db8::1]:${port}`,
    "localhost:1",
  ])
    expect([host, await statusAt(host)]).toEqual([host, 200]);
  for (const host of [`evil.example:${port}`, "", "1.2.3.4.evil.example", "999.1.1.1"])
    expect([host, await statusAt(host)]).toEqual([host, 403]);
  expect(await statusAt(`192.168.1.7:${port}`, "http://evil.example")).toBe(403);
  expect(open.url).toBe(`http://127.0.0.1:${port}/#${open.token}`);
  expect(sealed.url).toBe(`https://[::1]:${sealed.port}/#${sealed.token}`);
  const headers = { authorization: `Bearer ${sealed.token}`, host: "game.example" };
  const status = await new Promise((resolve, reject) => {
    const at = { host: "::1", port: sealed.port, path: "/snapshot", ca: cert, servername: "localhost" };
    const sent = httpsRequest({ ...at, headers });
    sent.on("response", (response) => resolve(response.resume().statusCode)).on("error", reject);
    sent.end();
  });
  expect(status).toBe(200);
});

test("connections that an Endpoint has later are shown", async () => {
  const [server, client] = [new Endpoint(), new Endpoint()];
  const inspector = await inspect(server);
  onTestFinished(async () => {
    await inspector.close();
    await Promise.all([server.destroy(), client.destroy()]);
  });
  const listener = server.listen({ host: "127.0.0.1" });
  const accepted = new Promise((resolve) => listener.on("connection", resolve));
  await client.connect({ host: "127.0.0.1", port: listener.port });
  await accepted;
  const headers = { authorization: `Bearer ${inspector.token}` };
  const { text } = await fetchRaw(inspector.port, "/snapshot?views=connections", headers);
  const { connections } = JSON.parse(text) as InspectorSnapshot;
  expect(connections).toMatchObject([{ transport: "gns", state: "Connected" }]);
});

test("it changes something with controls only", async () => {
  const shows = await start();
  expect(await shows.ask("/kick", shows.withToken, { player: 1 })).toMatchObject({ status: 403 });
  expect(shows.server.players).toHaveLength(1);

  const { server, client, ask, withToken, socketFactory } = await start({ controls: true });
  expect(await ask("/lag", withToken, { latencyMs: 30, loss: 0.25 })).toMatchObject({ status: 200 });
  expect(socketFactory.conditions).toMatchObject({ latencyMs: 30, loss: 0.25, jitterMs: 0 });
  expect(await ask("/lag", withToken, { loss: 2 })).toMatchObject({
    status: 400,
    body: expect.stringContaining("loss"),
  });
  expect(await ask("/lag", withToken, { lost: 1 })).toMatchObject({ status: 400 });
  socketFactory.conditions = {};
  for (const player of [0, 7, "1", null])
    expect(await ask("/kick", withToken, { player })).toMatchObject({ status: 404 });
  for (const body of [[], { player: 1, text: "x".repeat(5000) }, "hello", "7", "{"])
    expect(await ask("/kick", withToken, body)).toMatchObject({ status: 400, body: expect.stringContaining("JSON") });
  expect(server.players).toHaveLength(1);
  const gone = new Promise((resolve) => client.on("disconnected", resolve));
  expect(await ask("/kick", withToken, { player: 1 })).toMatchObject({ status: 200 });
  expect(await gone).toMatchObject({ code: 0, text: "Disconnected by the inspector" });
});

function newAgent(localAddress: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress } as AgentOptions);
  onTestFinished(() => agent.destroy());
  return agent;
}

test("strangers hold 64 connections, and keep out nobody who has the token", async () => {
  const { inspector, ask, withToken } = await start();
  const owner = newAgent("127.0.0.1");
  const askAgain = () => fetchRaw(inspector.port, "/snapshot", withToken, undefined, owner);
  const { from } = await askAgain();
  const held: Socket[] = [];
  let closed = 0;
  await new Promise<void>((resolve) => {
    for (let count = 0; count < 80; count++) {
      const socket = connect({ port: inspector.port, host: "127.0.0.1", localAddress: "127.0.0.2" }).resume();
      onTestFinished(() => void socket.destroy());
      socket.on("error", () => {});
      socket.on("close", () => ++closed === 16 && resolve());
      held.push(socket);
    }
  });
  expect(held.filter(({ destroyed }) => !destroyed).length).toBe(64);
  expect(await ask("/")).toMatchObject({ status: 200 });
  expect(await askAgain()).toMatchObject({ status: 200, from });
});

test("whoever has no token gets so many answers a second, and takes none from others", async () => {
  const { inspector, ask, withToken } = await start();
  const stranger = newAgent("127.0.0.2");
  const askFrom = (path: string, headers: Record<string, string>) =>
    fetchRaw(inspector.port, path, headers, undefined, stranger);
  const statuses: number[] = [];
  for (let count = 0; count < 500; count++) statuses.push((await askFrom("/", {})).status);
  expect(statuses.slice(0, 50)).toEqual(Array(50).fill(200));
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(100);
  expect(await ask("/")).toMatchObject({ status: 200 });
  expect(await askFrom("/snapshot", withToken)).toMatchObject({ status: 200 });
});

test("conditions of one player leave the others alone", async () => {
  const { server, socketFactory, ask, withToken } = await start({ controls: true });
  const address = server.players[0]?.address as string;
  expect(await ask("/lag", withToken, { player: 1, latencyMs: 40, loss: 0.5 })).toMatchObject({ status: 200 });
  expect(socketFactory.conditions).toMatchObject({ latencyMs: 0, loss: 0 });
  expect(socketFactory.conditionsOf(address)).toEqual({ latencyMs: 40, jitterMs: 0, loss: 0.5 });
  expect(await ask("/lag", withToken, { player: 1, loss: 0 })).toMatchObject({ status: 200 });
  const { body } = await ask("/snapshot?views=connections", withToken);
  expect(body.connections[0].lag).toEqual({ latencyMs: 40, jitterMs: 0, loss: 0 });
  expect(await ask("/lag", withToken, { player: 9, loss: 0 })).toMatchObject({ status: 404 });
  expect(await ask("/lag", withToken, { player: 1, reorder: 1 })).toMatchObject({ status: 400 });
  socketFactory.setConditionsOf(address, null);
  expect(socketFactory.conditionsOf(address)).toBe(socketFactory.conditions);
});

test("a connection is recorded while somebody asks for its timeline, and no longer", async () => {
  const clock = new FakeClock();
  const { server, client, inspector, ask, withToken } = await start({ clock });
  const player = server.players[0] as INetworkPlayer;
  const isRecorded = () => (player.connection as LibraryConnection).observer !== null;
  expect(await ask("/timeline?player=1")).toMatchObject({ status: 401 });
  for (const wrong of ["0", "7", "x", "1e999"]) {
    expect(await ask(`/timeline?player=${wrong}`, withToken)).toMatchObject({ status: 404 });
  }
  expect(isRecorded()).toBe(false);
  const first = (await ask("/timeline?player=1", withToken)).body;
  expect(first).toMatchObject({
    player: 1,
    transport: "memory",
    address: player.address,
    first: 0,
    next: 0,
    events: [],
  });
  expect(isRecorded()).toBe(true);
  client.send(Chat, "secret");
  await client.messageHandler.waitFor(Chat);
  const { events, next } = (await ask("/timeline?player=1&after=0", withToken)).body;
  expect(events.map(([, name]: [number, string]) => name)).toEqual(
    expect.arrayContaining([
      "messages:received",
      "messages:sent",
      "transport:packet_sent",
      "transport:packet_received",
    ]),
  );
  expect(JSON.stringify(events)).not.toContain("secret");
  expect(next).toBe(events.length);
  for (const after of ["-5", "NaN", "", "1e999"]) {
    expect(await ask(`/timeline?player=1&after=${after}`, withToken)).toMatchObject({ status: 200 });
  }
  for (let at = 0; at < 6000; at++) {
    player.send(Chat, "x");
    (player.connection as LibraryConnection).flush();
  }
  const late = (await ask(`/timeline?player=1&after=${next}`, withToken)).body;
  expect(late.first).toBeGreaterThan(next);
  expect(late.events.length).toBeLessThanOrEqual(5000);
  expect(late.next - late.first).toBe(late.events.length);
  clock.advance(4999);
  expect(isRecorded()).toBe(true);
  clock.advance(5001);
  expect(isRecorded()).toBe(false);
  await ask("/timeline?player=1", withToken);
  await inspector.close();
  expect(isRecorded()).toBe(false);
});

test("it says what it does not show", async () => {
  for (const wrong of [null, 7, {}, { sockets: 1, connections: 2 }]) {
    await expect(inspect(wrong as never)).rejects.toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
  }
});

test("it does not listen where others reach it without being told to", async () => {
  const server = new NetworkServer({ protocol });
  await expect(inspect(server, { host: "0.0.0.0" })).rejects.toMatchObject({ code: "ERR_INSECURE_CONTEXT" });
  const open = await inspect(server, { host: "0.0.0.0", insecure: true });
  await open.close();
  await open.close();
  for (const [options, code] of [
    [{ host: "" }, "ERR_OUT_OF_RANGE"],
    [{ tls: {} }, "ERR_INVALID_ARG_TYPE"],
    [{ tls: { cert: "none", key: "none" } }, "ERR_OUT_OF_RANGE"],
  ] as const)
    await expect(inspect(server, options as object)).rejects.toMatchObject({ code });
  await expect(inspect(server, { token: "short" })).rejects.toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
  await expect(inspect(server, { prot: 1 } as object)).rejects.toMatchObject({ code: "ERR_UNKNOWN_OPTION" });
  const first = await inspect(server);
  await expect(inspect(server, { port: first.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  await first.close();
});

test("wrong arguments are told at once", async () => {
  const { server } = await start();
  for (const wrong of [undefined, null, 7]) {
    expect(() => prometheusText(wrong as never)).toThrow(/metrics must be what/);
    expect(() => openTelemetrySpans(wrong as never)).toThrow(/tracer must be what trace.getTracer/);
    expect(() => publishDiagnostics(wrong as never)).toThrow(/server must be an instance of NetworkServer/);
  }
  expect(() => openTelemetrySpans({} as never)).toThrow(/tracer must be what trace.getTracer/);
  expect(prometheusText({})).toBe("");
  expect(() => prometheusText(server)).toThrow(/metrics must be what/);
});

test("figures for Prometheus: counters and gauges, with a type each, once", async () => {
  const { server, ask, withToken } = await start();
  const text = prometheusText(server.metrics);
  expect((await ask("/metrics", withToken)).body).toContain("valve_sockets_players 1\n");
  const types = [...text.matchAll(/^# TYPE (\w+) (counter|gauge)$/gm)].map(([, name, type]) => [name, type] as const);
  expect(new Set(types.map(([name]) => name)).size).toBe(types.length);
  for (const [name, type] of types) expect([name, name?.endsWith("_total")]).toEqual([name, type === "counter"]);
  for (const line of text.trim().split("\n")) expect(line).toMatch(/^# TYPE |^[a-z_]+(\{channel="\w+"\})? [\d.e+-]+$/);
  expect(Object.fromEntries(types)).toMatchObject({
    valve_sockets_players: "gauge",
    valve_sockets_connections_packets_lost_total: "counter",
    valve_sockets_ticks_count_total: "counter",
    valve_sockets_unauthenticated_count: "gauge",
    valve_sockets_unauthenticated_evicted_total: "counter",
  });
});
