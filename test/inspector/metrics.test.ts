import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { expect, onTestFinished, test, vi } from "vitest";
import {
  openTelemetrySpans,
  type PlayerDiagnostics,
  prometheusText,
  publishDiagnostics,
} from "../../lib/inspector/index.js";
import {
  defineMessage,
  defineProtocol,
  defineRequest,
  type INetworkPlayer,
  NetworkClient,
  NetworkServer,
  type SpanFunction,
} from "../../lib/message/index.js";
import {
  ClientObjectManager,
  definePrefab,
  NetworkBehaviour,
  networked,
  ServerObjectManager,
  serverRpc,
} from "../../lib/object/index.js";
import { MemoryEngine } from "../../lib/rooms/engine/index.js";
import { Health, RoomHost, RoomsClient } from "../../lib/rooms/index.js";
import { string, u8 } from "../../lib/serialization/index.js";
import { MemoryNetwork, MemorySocketFactory } from "../../lib/socket/index.js";

const Chat = defineMessage("chat", string(100));
const Half = defineRequest("half", u8, u8);

/** A server and a client, whose requests are measured by `spans`. */
async function start(spans: SpanFunction | null = null, prepare: (server: NetworkServer) => void = () => {}) {
  const protocol = defineProtocol({ name: "metrics", version: 1, messages: [Chat, Half] });
  const socketFactory = new MemorySocketFactory(new MemoryNetwork());
  const server = new NetworkServer({ protocol, socketFactory, spans, sessions: {}, logger: { warn() {} } });
  const client = new NetworkClient({ protocol, socketFactory, spans });
  onTestFinished(async () => {
    await client.disconnect();
    await server.stop();
  });
  prepare(server);
  await server.start();
  return { server, client };
}

/** The figures of a host of a fleet that has refused a room. */
async function figuresOfHost(): Promise<string> {
  const host = new RoomHost({
    protocol: defineProtocol({ name: "figures", version: 1, messages: [] }),
    socketFactory: new MemorySocketFactory(new MemoryNetwork()),
    ...{ rooms: {}, engine: new MemoryEngine(), app: "figures", fleetKey: [new Uint8Array(32).fill(1)] },
    door: { addresses: { memory: "memory:1" } },
  });
  const client = new NetworkClient({ protocol: host.server.protocol });
  const rooms = new RoomsClient(client);
  const health = new Health(host);
  onTestFinished(async () => {
    await health.stop();
    await host.stop();
  });
  await host.start({ localClient: client });
  if (!client.isAuthenticated) await new Promise((resolve) => client.on("authenticated", resolve));
  await expect(rooms.joinById("none")).rejects.toThrow();
  const response = await fetch(`http://127.0.0.1:${await health.start()}/metrics`);
  return response.text();
}

test("each metric of the dashboard, of the alerts and of the pages is one that a server or a host has", async () => {
  const { server, client } = await start();
  await client.connect();
  const texts = [prometheusText(server.metrics), await figuresOfHost()];
  const known = new Set(texts.join("").match(/^valve_sockets_\w+/gm));
  const dashboard = JSON.parse(readFileSync("docs/grafana.json", "utf8"));
  const expressions = dashboard.panels.flatMap(({ targets }: { targets: { expr: string }[] }) =>
    targets.map(({ expr }) => expr),
  );
  expect(expressions.length).toBeGreaterThan(15);
  const pages = ["docs/inspector.md", "docs/rooms.md"].map((page) => readFileSync(page, "utf8"));
  const named = [...expressions, ...pages].join("\n").match(/valve_sockets_\w+/g) ?? [];
  // `valve_sockets_ticks_…` stands for all of them.
  for (const name of named) expect(name.endsWith("_") || known.has(name), name).toBe(true);
});

test("what happens to players is published for those who have subscribed", async () => {
  const { server, client } = await start();
  const events: string[] = [];
  const listener = (message: unknown) => {
    const { event, player, reason } = message as PlayerDiagnostics;
    events.push(`${event} ${player.id} ${reason?.text ?? ""}`.trimEnd());
  };
  const end = publishDiagnostics(server);
  subscribe("valve-sockets:player", listener);
  onTestFinished(() => void unsubscribe("valve-sockets:player", listener));
  const gone = new Promise((resolve) => server.on("disconnected", resolve));
  const { id } = await client.connect();
  await client.disconnect({ code: 7, text: "bye" });
  await gone;
  expect(events).toEqual(["connected 0", `authenticated ${id}`, `disconnected ${id} bye`]);
  end();
  const again = new Promise((resolve) => server.on("disconnected", resolve));
  await client.connect();
  await client.disconnect();
  await again;
  expect(events).toHaveLength(3);
});

test("a request is a span at each end, which ends with its answer or its error", async () => {
  const log: string[] = [];
  const tracer: Parameters<typeof openTelemetrySpans>[0] = {
    startActiveSpan(name, { kind, attributes }, run) {
      log.push(`begin ${name} ${kind} ${attributes["network.transport"]}`);
      return run({
        recordException: ({ message }) => void log.push(`threw ${name} ${message}`),
        setStatus: ({ code }) => log.push(`status ${name} ${code}`),
        end: () => void log.push(`end ${name}`),
      });
    },
  };
  const { server, client } = await start(openTelemetrySpans(tracer));
  server.messageHandler.registerRequest(Half, async (value) => {
    await Promise.resolve();
    if (value % 2 === 1) throw new Error("odd");
    log.push("half");
    return value / 2;
  });
  await client.connect();
  expect(await client.request(Half, 8)).toBe(4);
  expect(log).toEqual([
    ...["begin request half 2 memory", "begin answer half 1 memory", "half", "end answer half", "end request half"],
  ]);
  log.length = 0;
  await expect(client.request(Half, 7)).rejects.toThrow();
  expect(log.slice(0, 5)).toEqual([
    ...["begin request half 2 memory", "begin answer half 1 memory", "threw answer half odd", "status answer half 2"],
    "end answer half",
  ]);
  expect(log.at(-1)).toBe("end request half");
});

/** Those of which each throws in another way, and ends nobody's request. */
const span = { recordException() {}, setStatus: () => span, end() {} };
const broken = () => {
  throw new Error("broken");
};
test.each<[string, Parameters<typeof openTelemetrySpans>[0]["startActiveSpan"]]>([
  ["throws at once", broken],
  [
    "throws when the handler has run",
    (_name, _options, run) => {
      run(span);
      return broken();
    },
  ],
  ["gives nothing back", (_name, _options, run) => void run(span) as never],
  ["gives no span", (_name, _options, run) => run(undefined as never)],
  [
    "calls the handler twice",
    (_name, _options, run) => {
      run(span);
      return run(span);
    },
  ],
  ["cannot end a span", (_name, _options, run) => run({ ...span, end: broken })],
  ["cannot note an error", (_name, _options, run) => run({ ...span, recordException: broken, setStatus: broken })],
])("a tracer that %s: each handler runs once, and its answer or error comes", async (_, startActiveSpan) => {
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  onTestFinished(() => warned.mockRestore());
  const { server, client } = await start(openTelemetrySpans({ startActiveSpan }));
  const asked: number[] = [];
  server.messageHandler.registerRequest(Half, (value) => {
    asked.push(value);
    if (value === 3) throw Object.create(null);
    if (value === 5) return Promise.reject(new Error("odd"));
    return value === 6 ? Promise.resolve(3) : value / 2;
  });
  await client.connect();
  expect([await client.request(Half, 8), await client.request(Half, 6)]).toEqual([4, 3]);
  await expect(client.request(Half, 3)).rejects.toMatchObject({ code: "ERR_REQUEST_FAILED" });
  await expect(client.request(Half, 5)).rejects.toMatchObject({ code: "ERR_REQUEST_FAILED" });
  expect(asked).toEqual([8, 6, 3, 5]);
  expect(warned.mock.calls.length).toBeLessThanOrEqual(1);
});

test("a span lasts as long as the promise of whatever library, which is asked once", async () => {
  const log: string[] = [];
  const spans = openTelemetrySpans({
    startActiveSpan: (_, __, run) => run({ ...span, end: () => void log.push("end") }),
  });
  const query = {
    // biome-ignore lint/suspicious/noThenProperty: as those of database libraries
    then(done: (value: number) => void) {
      log.push("asked");
      queueMicrotask(() => queueMicrotask(() => done(7)));
    },
  };
  const answer = spans("answer half", { id: 1, transport: "memory" } as INetworkPlayer, () => query);
  expect(log).toEqual([]);
  expect(await answer).toBe(7);
  expect(log).toEqual(["asked", "end"]);
});

test("an RPC is a span around its method", async () => {
  const spans: string[] = [];
  const measured = new Set<number>();
  let called = () => {};
  const isCalled = new Promise<void>((resolve) => {
    called = resolve;
  });
  class Guns extends NetworkBehaviour {
    fire(power: number): void {
      measured.add(power);
      called();
    }
  }
  const Ship = networked(class Ship extends Guns {}, { health: u8 }, { fire: serverRpc([u8], { anyone: true }) });
  const ShipPrefab = definePrefab("ship", { ship: Ship });
  let world!: ServerObjectManager;
  const measure: SpanFunction = (name, _player, run) => {
    spans.push(name);
    return run();
  };
  const { client } = await start(measure, (server) => {
    world = new ServerObjectManager(server, { prefabs: [ShipPrefab] });
  });
  const objects = new ClientObjectManager(client, { prefabs: [ShipPrefab] });
  world.spawn(ShipPrefab);
  const seen = new Promise<void>((resolve) => objects.on("spawned", () => resolve()));
  await client.connect();
  await seen;
  const [ship] = objects.objects;
  (ship?.behaviours.ship as InstanceType<typeof Ship> | undefined)?.fire(9);
  await isCalled;
  expect(spans).toEqual(["rpc fire"]);
  expect([...measured]).toEqual([9]);
});
