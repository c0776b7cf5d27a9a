import { afterEach, beforeEach, expect, test } from "vitest";
import {
  authenticatedOnly,
  ConfigValue,
  ConnectionState,
  IceCandidates,
  iceOptions,
  Library,
  NetworkingIdentity,
  NetworkingSockets,
} from "../../../lib/index.js";

const wrongType = expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" });
const outOfRange = expect.objectContaining({ code: "ERR_OUT_OF_RANGE" });

/** Nothing may be gathered, so that no packet leaves this process. */
const quiet = [
  { value: ConfigValue.P2PTransportICEEnable, data: IceCandidates.Relay },
  { value: ConfigValue.P2PTURNServerList, data: "127.0.0.1:9" },
];

function named(name: string): NetworkingIdentity {
  const identity = new NetworkingIdentity();
  identity.setGenericString(name);
  return identity;
}

let sockets: NetworkingSockets;

beforeEach(() => {
  Library.initialize({ identity: named("me") });
  sockets = new NetworkingSockets();
});
afterEach(() => {
  sockets.destroy();
  Library.deinitialize();
});

function nextSignal(): Promise<{ connection: number; identity: string; data: Uint8Array }> {
  return new Promise((resolve) => {
    sockets.onSignal((connection, identity, data) => {
      sockets.onSignal(null);
      resolve({ connection, identity: identity.toString(), data });
    });
  });
}

test("signals come without onReadable", async () => {
  const connection = sockets.connectP2P(named("you"), { remoteVirtualPort: 3, options: quiet });
  expect(connection).not.toBe(0);
  const signal = await nextSignal();
  expect(signal).toMatchObject({ connection, identity: "str:you" });
  expect(signal.data.length).toBeGreaterThan(100);
  // It is said again until somebody answers.
  const again = await nextSignal();
  expect(again).toMatchObject({ connection, identity: "str:you" });
});

test("a connection to whoever answers", async () => {
  const connection = sockets.connectP2P(null, { options: quiet });
  expect(await nextSignal()).toMatchObject({ connection, identity: "invalid" });
});

test("signals go to the object that they belong to", async () => {
  const other = new NetworkingSockets();
  const heard: number[] = [];
  other.onSignal((connection) => heard.push(connection));
  const connection = sockets.connectP2P(named("you"), { options: quiet });
  const others = other.connectP2P(named("them"), { options: quiet });
  expect((await nextSignal()).connection).toBe(connection);
  await nextSignal();
  expect(new Set(heard)).toEqual(new Set([others]));
  other.destroy();
});

test("a callback that throws loses no other signal", async () => {
  const connections = [1, 2, 3].map(() => sockets.connectP2P(named("you"), { options: quiet }));
  const thrown: unknown[] = [];
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => thrown.push(error));
  const heard = new Set<number>();
  await new Promise<void>((resolve) => {
    sockets.onSignal((connection) => {
      heard.add(connection);
      if (heard.size === 3) resolve();
      else throw new Error("mine");
    });
  });
  sockets.onSignal(null);
  process.removeAllListeners("uncaughtException");
  for (const listener of listeners) process.on("uncaughtException", listener);
  expect([...heard].sort()).toEqual(connections.sort());
  expect(thrown.length).toBeGreaterThanOrEqual(2);
});

test("a virtual port is listened on once per process", () => {
  const socket = sockets.createListenSocketP2P(3);
  expect(socket).not.toBe(0);
  expect(sockets.getListenSocketAddress(socket)).toBeNull();
  expect(new NetworkingSockets().createListenSocketP2P(3)).toBe(0);
  expect(Library.lastError?.message).toMatch(/vport 3/);
  expect(sockets.closeListenSocket(socket)).toBe(true);
  expect(sockets.createListenSocketP2P(3)).not.toBe(0);
});

test("a check of certificates that GNS would not make is refused", () => {
  const options = [...quiet, ...authenticatedOnly];
  const unheeded = expect.objectContaining({
    code: "ERR_NOT_SUPPORTED",
    message: expect.stringContaining("ConnectionInfo.isAuthenticated"),
  });
  expect(() => sockets.connectP2P(named("you"), { options })).toThrow(unheeded);
  expect(() => sockets.createListenSocketP2P(3, options)).toThrow(unheeded);
  const allowed = { value: ConfigValue.IPAllowWithoutAuth, data: 2 };
  expect(sockets.createListenSocketP2P(3, [allowed])).not.toBe(0);
});

test("nothing allowed, nothing made", () => {
  const options = [{ value: ConfigValue.P2PTransportICEEnable, data: IceCandidates.None }];
  expect(sockets.connectP2P(named("you"), { options })).toBe(0);
  expect(Library.lastError?.message).toMatch(/ICE not enabled/);
});

test("a request without allowRequests changes nothing; with it a connection comes, listened for or not", async () => {
  const asker = sockets.connectP2P(named("you"), { remoteVirtualPort: 5, options: quiet });
  const { data } = await nextSignal();
  const taker = new NetworkingSockets();
  const before = Library.statistics.connections;
  expect(taker.receiveSignal(data)).toBe(true);
  expect(Library.statistics.connections).toBe(before);

  // Without a listen socket: to who was handed the signal.
  expect(taker.receiveSignal(data, { allowRequests: true })).toBe(true);
  const events: { connection: number; listenSocket: number; state: number; name: string | null }[] = [];
  const look = (object: NetworkingSockets) =>
    object.dispatchCallbacks(({ connection, connectionInfo: { listenSocket, state, identity } }) => {
      events.push({ connection, listenSocket, state, name: identity.getGenericString() });
    });
  look(taker);
  expect(events).toEqual([
    { connection: expect.any(Number), listenSocket: 0, state: ConnectionState.Connecting, name: "me" },
  ]);
  expect(events[0]?.connection).not.toBe(asker);
  // Once more is the same connection.
  expect(taker.receiveSignal(data, { allowRequests: true })).toBe(true);
  look(taker);
  expect(events).toHaveLength(1);
  expect(sockets.closeConnection(events[0]?.connection as number)).toBe(false);
  expect(taker.closeConnection(events[0]?.connection as number)).toBe(true);
  taker.destroy();

  // With one: to who listens.
  const listening = new NetworkingSockets();
  const socket = listening.createListenSocketP2P(5, quiet);
  events.length = 0;
  sockets.connectP2P(named("you"), { remoteVirtualPort: 5, options: quiet });
  const { data: request } = await nextSignal();
  expect(sockets.receiveSignal(request, { allowRequests: true })).toBe(true);
  look(listening);
  expect(events.at(-1)).toMatchObject({ listenSocket: socket, state: ConnectionState.Connecting });
  listening.destroy();
});

test("what is no signal is none, and harms nobody", async () => {
  sockets.connectP2P(named("you"), { options: quiet });
  const { data } = await nextSignal();
  const before = Library.statistics.connections;
  expect(sockets.receiveSignal(new Uint8Array(0), { allowRequests: true })).toBe(false);
  expect(sockets.receiveSignal(new Uint8Array(100_000).fill(0xff), { allowRequests: true })).toBe(false);
  for (let end = 0; end < data.length; end += 3) sockets.receiveSignal(data.subarray(0, end), { allowRequests: true });
  let seed = 1;
  for (let round = 0; round < 2000; round++) {
    const changed = data.slice();
    for (let change = 0; change < 1 + (round % 4); change++) {
      seed = (seed * 48271) % 0x7fffffff;
      changed[seed % changed.length] = seed >> 8;
    }
    sockets.receiveSignal(changed);
  }
  expect(Library.statistics.connections).toBeLessThanOrEqual(before + data.length / 3);
});

test("arguments", () => {
  expect(() => sockets.connectP2P("you" as never)).toThrow(wrongType);
  expect(() => sockets.connectP2P(named("you"), null as never)).toThrow(wrongType);
  expect(() => sockets.connectP2P(named("you"), { remoteVirtualPort: 65536 })).toThrow(outOfRange);
  expect(() => sockets.connectP2P(named("you"), { remoteVirtualPort: -1 })).toThrow(outOfRange);
  expect(() => sockets.connectP2P(named("you"), { symmetric: 1 as never })).toThrow(wrongType);
  expect(() => sockets.createListenSocketP2P("1" as never)).toThrow(wrongType);
  expect(() => sockets.receiveSignal("x" as never)).toThrow(wrongType);
  expect(() => sockets.onSignal({} as never)).toThrow(wrongType);
  sockets.destroy();
  expect(() => sockets.connectP2P(null)).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
  expect(() => sockets.onSignal(() => {})).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
});

test("servers: GNS sees numbers only", async () => {
  const { P2PSTUNServerList, P2PTURNServerList, P2PTURNUserList, P2PTURNPassList, P2PTransportICEEnable } = ConfigValue;
  expect(
    await iceOptions({
      stunServers: ["192.0.2.1", "[2001:db8::1]:19302", "2001:db8::2"],
      turnServers: [{ host: "192.0.2.2:5000", username: "u", password: "p" }, { host: "192.0.2.3" }],
      candidates: IceCandidates.Public,
    }),
  ).toEqual([
    { value: P2PSTUNServerList, data: "192.0.2.1:3478,[2001:db8::1]:19302,[2001:db8::2]:3478" },
    { value: P2PTURNServerList, data: "192.0.2.2:5000,192.0.2.3:3478" },
    { value: P2PTURNUserList, data: "u," },
    { value: P2PTURNPassList, data: "p," },
    { value: P2PTransportICEEnable, data: 4 },
  ]);
  const [stun] = await iceOptions({ stunServers: ["localhost:99"] });
  expect(stun?.data).toMatch(/^(127\.0\.0\.1:99|\[::1\]:99)(,|$)/);
  expect(sockets.connectP2P(null, { options: [stun as never] })).not.toBe(0);

  const names = { value: P2PSTUNServerList, data: "192.0.2.1:3478,stun.example.org:3478" };
  expect(() => sockets.connectP2P(null, { options: [names] })).toThrow(outOfRange);
  expect(() => sockets.createListenSocketP2P(1, [{ ...names, value: P2PTURNServerList }])).toThrow(outOfRange);
  expect(() => sockets.setConfigValue(P2PSTUNServerList, "stun.example.org")).toThrow(outOfRange);
  expect(sockets.setConfigValue(P2PSTUNServerList, "192.0.2.1,[::1]:7")).toBe(true);

  await expect(iceOptions({ stunServers: ["a:b:c"] })).rejects.toThrow(outOfRange);
  await expect(iceOptions({ stunServers: ["host:0"] })).rejects.toThrow(outOfRange);
  await expect(iceOptions({ stunServers: ["host:65536"] })).rejects.toThrow(outOfRange);
  await expect(iceOptions({ stunServers: [""] })).rejects.toThrow(outOfRange);
  await expect(iceOptions({ stunServers: ["a,b"] })).rejects.toThrow(outOfRange);
  await expect(iceOptions({ stunServers: "x" as never })).rejects.toThrow(wrongType);
  await expect(iceOptions({ turnServers: [{ host: "192.0.2.1", username: "a,b" }] })).rejects.toThrow(outOfRange);
  await expect(iceOptions({ stunServers: ["no-such-host.invalid"] })).rejects.toMatchObject({
    code: "ERR_NAME_NOT_FOUND",
    message: expect.stringMatching(/^GNS: connecting to no-such-host\.invalid:3478 failed: The name has no address/),
  });
});
