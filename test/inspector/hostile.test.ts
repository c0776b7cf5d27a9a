import { once } from "node:events";
import { connect, Server, type Socket } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { type InspectOptions, type InspectorSnapshot, inspect } from "../../lib/inspector/index.js";
import { grid } from "../../lib/object/index.js";
import { createDevelopmentCertificate } from "../../lib/socket/tls/development-certificate.js";
import { ObjectWorld, RockPrefab, ShipPrefab } from "../support/object-world.js";

async function start(prepare: (world: ObjectWorld) => InspectOptions = () => ({}), parts = {}) {
  const world = new ObjectWorld(parts);
  await world.server.start();
  const inspector = await inspect(world.server, prepare(world));
  onTestFinished(async () => {
    await inspector.close();
    const stopping = world.server.stop();
    await world.run(500);
    await stopping;
  });
  const { port, token } = inspector;
  const ask = async (path = "/snapshot?views=objects") => {
    const headers = { authorization: `Bearer ${token}`, connection: "close" };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
    return (await response.json()) as InspectorSnapshot;
  };
  return { world, inspector, ask };
}

/** A connection to a port that sends a text. */
function open(port: number, text: string) {
  const socket: Socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("latin1").on("data", (part: string) => {
    answer += part;
  });
  socket.on("error", () => {});
  const closed = new Promise<string>((resolve) => socket.on("close", () => resolve(answer)));
  socket.write(text);
  onTestFinished(() => void socket.destroy());
  return { socket, closed };
}

const request = (port: number, line = "GET / HTTP/1.1", more = "") =>
  `${line}\r\nHost: 127.0.0.1:${port}\r\n${more}\r\n`;

test("whoever asks again before the answer is closed: one answer of a connection waits at most", async () => {
  const { inspector, ask } = await start();
  const text = request(inspector.port).repeat(1000);
  const answers = await Promise.all(Array.from({ length: 20 }, () => open(inspector.port, text).closed));
  for (const answer of answers) expect(answer.split("HTTP/1.1 ").length - 1).toBeLessThanOrEqual(1);
  expect((await ask()).connectionCount).toBe(0);
});

test("one after the other is answered on the same connection", async () => {
  const { inspector } = await start();
  const { socket, closed } = open(inspector.port, request(inspector.port, "GET /nothing HTTP/1.1"));
  for (let count = 0; count < 5; count++) {
    await new Promise((resolve) => socket.once("data", resolve));
    socket.write(request(inspector.port, "GET /nothing HTTP/1.1"));
  }
  await new Promise((resolve) => socket.once("data", resolve));
  socket.end();
  expect((await closed).match(/HTTP\/1.1 401/g)).toHaveLength(6);
});

test.each([
  ["what is no HTTP", () => "\0\u0001\u0002 GET\r\n\r\n", /^HTTP\/1.1 400|^$/],
  ["a tunnel", (port: number) => request(port, "CONNECT 10.0.0.1:80 HTTP/1.1"), /^$/],
  [
    "a WebSocket without the token",
    (port: number) =>
      request(
        port,
        "GET /snapshot HTTP/1.1",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
      ),
    /^HTTP\/1.1 401/,
  ],
  ["a path that is none", (port: number) => request(port, "GET //[ HTTP/1.1"), /^HTTP\/1.1 400/],
  [
    "the path of a proxy",
    (port: number) => request(port, "GET http://evil.example/snapshot HTTP/1.1"),
    /^HTTP\/1.1 401/,
  ],
  [
    "a head without end",
    (port: number) => `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX: ${"x".repeat(100_000)}`,
    /^HTTP\/1.1 431|^$/,
  ],
  [
    "two lengths",
    (port: number) => request(port, "POST /kick HTTP/1.1", "Content-Length: 1\r\nContent-Length: 9\r\n"),
    /^HTTP\/1.1 400/,
  ],
  ["a file of the computer", (port: number) => request(port, "GET /../../package.json HTTP/1.1"), /^HTTP\/1.1 401/],
])("%s is refused, and the inspector goes on", async (_, text, expected) => {
  const { inspector, ask } = await start();
  const { socket, closed } = open(inspector.port, text(inspector.port));
  socket.once("data", () => socket.end());
  expect(await closed).toMatch(expected);
  expect((await ask()).name).toBe("objects");
});

test("whatever it answers, no browser keeps it, frames it, guesses its type, or tells another page of it", async () => {
  const { inspector } = await start();
  const withToken = { authorization: `Bearer ${inspector.token}` };
  const statuses: number[] = [];
  for (const [path, headers, method] of [
    ...[["/"], ["/snapshot"], ["/nothing", withToken], ["/snapshot", withToken], ["/metrics", withToken]],
    ...[
      ["/", {}, "DELETE"],
      ["/kick", withToken, "POST"],
      ["/", { origin: "http://evil.example" }],
    ],
  ] as [string, Record<string, string>?, string?][]) {
    const options = { headers: { connection: "close", ...headers }, ...(method && { method }) };
    const answer = await fetch(`http://127.0.0.1:${inspector.port}${path}`, options);
    statuses.push(answer.status);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "cache-control": "no-store",
      "content-security-policy": expect.stringMatching(
        /default-src 'none';.*base-uri 'none'; .*frame-ancestors 'none'/,
      ),
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    });
    expect(answer.headers.get("access-control-allow-origin")).toBe(null);
  }
  expect(statuses).toEqual([200, 401, 404, 200, 200, 405, 403, 403]);
});

test("of 10,000 objects it lists 500, and 400 squares", async () => {
  const { world, ask } = await start((world) => ({ objects: world.objects, payloads: true }), {
    manager: { interest: grid({ enter: 5, leave: 10 }) },
  });
  for (let at = 0; at < 10_000; at++) {
    const position = { x: 5 * (at % 100), y: 5 * Math.floor(at / 100) };
    world.objects.spawn(ShipPrefab, { init: ({ ship }) => Object.assign(ship, { position }) });
  }
  const { objects } = await ask();
  expect(objects).toMatchObject({ count: 10_000, grids: [{ side: 10, count: 2500 }] });
  expect(objects?.objects).toHaveLength(500);
  expect(objects?.grids).toEqual(world.objects.interestGrids(400));
});

test("without payloads there is no value, no position and no square", async () => {
  const { world, ask } = await start((world) => ({ objects: world.objects }), {
    manager: { interest: grid({ enter: 5, leave: 10 }) },
  });
  world.objects.spawn(ShipPrefab, { init: ({ ship }) => Object.assign(ship, { name: "secret" }) });
  expect(world.objects.interestGrids()).toMatchObject([{ count: 1 }]);
  const { objects } = await ask();
  const members = { ship: {}, engine: {} };
  expect(objects).toMatchObject({ count: 1, grids: [], objects: [{ position: null }] });
  expect(objects?.objects[0]?.members).toEqual(members);
});

test("of those who see an object it names 50, and counts all", async () => {
  const { world, ask } = await start((world) => ({ objects: world.objects }));
  world.objects.spawn(RockPrefab);
  for (let count = 0; count < 60; count++) await world.enter();
  await world.run(100);
  const [row] = (await ask()).objects?.objects ?? [];
  expect(row?.observerCount).toBe(60);
  expect(row?.observers).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
});

test("of those who have left it keeps 100, and what they said as a text", async () => {
  const { world, ask } = await start();
  const text = `<b>${"x".repeat(117)}`;
  for (let count = 0; count < 103; count++) {
    const { player } = await world.enter();
    player.disconnect({ code: 7, text });
    await world.run(20);
  }
  const { departures } = await ask("/snapshot?views=departures");
  expect(departures.map(({ number }) => number)).toEqual(Array.from({ length: 100 }, (_, at) => 103 - at));
  for (const row of departures) expect(row).toMatchObject({ reason: "code 7", text });
});

test.each(["127.0.0.1", "127.0.0.2", "localhost", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"])(
  "at %s it answers at the address that it has printed, and at the other names of this computer's own",
  async (host) => {
    const { inspector } = await start(() => ({ host }));
    const headers = { authorization: `Bearer ${inspector.token}`, connection: "close" };
    const answer = await fetch(`${new URL(inspector.url).origin}/snapshot`, { headers });
    expect(answer.status).toBe(200);
  },
);

test.each([
  ["null", null],
  ["a symbol", Symbol("wrong")],
  ["what has no text", Object.create(null)],
  ["an error with what commands a terminal", new Error("\u001b[2J\u202e")],
])("an accessor of the application that throws %s hides no other value", async (_, thrown) => {
  const fail = () => {
    throw thrown;
  };
  const broken = Object.defineProperties({}, { position: { get: fail }, size: { get: fail }, list: { value: [1] } });
  const rows = [broken, { size: 7 }].map((one, netId) => ({
    ...{ netId, prefab: "odd", owner: null, observers: new Set(), behaviours: { one } },
  }));
  const { ask } = await start(() => ({ objects: { objects: rows as never }, payloads: true }));
  const [first, second] = (await ask()).objects?.objects ?? [];
  expect(first?.members.one).toEqual({
    position: expect.stringMatching(/^throws: [ -~]*$/),
    size: expect.stringMatching(/^throws: [ -~]*$/),
    list: "[1]",
  });
  expect([first?.position, second?.members.one]).toEqual([null, { size: "7" }]);
});

test("what the application throws elsewhere, whatever it is, is an answer", async () => {
  const objects = {
    get objects(): never {
      throw null;
    },
  };
  const { inspector, ask } = await start(() => ({ objects: objects as never }));
  const headers = { authorization: `Bearer ${inspector.token}`, connection: "close" };
  const answer = await fetch(`http://127.0.0.1:${inspector.port}/snapshot?views=objects`, { headers });
  expect([answer.status, await answer.text()]).toEqual([500, "null\n"]);
  expect((await ask("/snapshot")).connectionCount).toBe(0);
});

test("of a list it reads no more than it shows", async () => {
  let read = 0;
  const item = () => ({ toJSON: () => ++read });
  const list = Array.from({ length: 100_000 }, item);
  const row = { netId: 1, prefab: "map", owner: null, observers: new Set(), behaviours: { map: { list } } };
  const { ask } = await start(() => ({ objects: { objects: [row] as never }, payloads: true }));
  expect((await ask()).objects?.objects[0]?.members.map?.list).toMatch(/^\[1,2,3,.*…$/);
  expect(read).toBe(80);
});

test("a connection that cannot be accepted ends nothing, and closing ends those in the middle of TLS", async () => {
  const listen = vi.spyOn(Server.prototype, "listen");
  onTestFinished(() => listen.mockRestore());
  const tls = createDevelopmentCertificate();
  const { inspector } = await start(() => ({ tls }));
  const [server] = listen.mock.contexts as Server[];
  if (!server) throw new Error("Nobody listens");
  server.emit("error", new Error("accept ENOBUFS"));
  const came = once(server, "connection");
  open(inspector.port, "\u0016\u0003\u0001");
  await came;
  const closes = [inspector.close(), inspector.close()];
  expect(await new Promise((resolve) => server.getConnections((_, count) => resolve(count)))).toBe(0);
  await Promise.race(closes);
  expect(server.listening).toBe(false);
  expect(closes[1]).toBe(closes[0]);
});
