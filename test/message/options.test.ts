import { describe, expect, test } from "vitest";
import {
  defineMessage,
  defineProtocol,
  defineRequest,
  NetworkClient,
  NetworkServer,
  PlayerState,
  sharedSecretAuthenticator,
  sharedSecretCredential,
  signedTokenAuthenticator,
  signedTokenCredential,
} from "../../lib/message/index.js";
import { generateServerKey } from "../../lib/noise/index.js";
import { nativePrimitives } from "../../lib/noise/native-primitives.js";
import { ServerObjectManager } from "../../lib/object/index.js";
import { RoomsClient } from "../../lib/rooms/index.js";
import { u8 } from "../../lib/serialization/index.js";
import { MemoryNetwork, MemorySocketFactory } from "../../lib/socket/index.js";
import { CuttableFactory, MessageWorld } from "../support/message-world.js";

const Note = defineMessage("note", u8);
const Ask = defineRequest("ask", u8, u8);
const newProtocol = () => defineProtocol({ name: "options", version: 1, messages: [Note, Ask] });
const protocol = newProtocol();

async function joined(server = {}, client = {}) {
  const world = new MessageWorld({ protocol: newProtocol(), kind: "stream", server });
  await world.server.start();
  const socketFactory = new CuttableFactory(world.network, { kind: "stream" });
  return { world, socketFactory, ...(await world.join({ socketFactory, ...client })) };
}

test("keys of the other side are refused, and so is a list of none", () => {
  const primitives = nativePrimitives();
  const key = generateServerKey(primitives);
  const encrypted = (keys: object) => ({
    protocol,
    peer: { encryption: { primitives, ...keys } },
  });
  const refused = (text: string) =>
    expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE", message: expect.stringContaining(text) });
  expect(() => new NetworkServer(encrypted({ serverKey: key.publicKey }))).toThrow(refused("serverKeys"));
  expect(() => new NetworkServer(encrypted({ serverKeys: [] }))).toThrow(refused("at least one key"));
  expect(() => new NetworkClient(encrypted({ serverKeys: [key.privateKey] }))).toThrow(refused("serverKey"));
});

describe("an option that does not exist names the nearest:", () => {
  const given: [string, (options: never) => unknown, object, string][] = [
    ["NetworkServer", (options: object) => new NetworkServer({ protocol, ...options }), { tickrate: 3 }, "tickRate"],
    [
      "NetworkClient",
      (options: object) => new NetworkClient({ protocol, ...options }),
      { credentials: null },
      "credential",
    ],
    [
      "authentication",
      (more: object) => new NetworkServer({ protocol, authentication: { authenticators: [], ...more } }),
      { timeout: 1 },
      "timeoutMs",
    ],
    [
      "sessions",
      (sessions: object) => new NetworkServer({ protocol, sessions }),
      { resumeWindow: 1 },
      "resumeWindowMs",
    ],
    [
      "errorBudget",
      (errorBudget: object) => new NetworkServer({ protocol, errorBudget }),
      { maxToken: 1 },
      "maxTokens",
    ],
    [
      "defineProtocol",
      (more: object) => defineProtocol({ name: "a", version: 1, messages: [], ...more }),
      { message: [] },
      "messages",
    ],
    ["defineMessage", (options) => defineMessage("a", u8, options), { optinal: true }, "optional"],
    [
      "rateLimit",
      (rate: object) => defineMessage("a", u8, { rateLimit: { perSecond: 1, ...rate } }),
      { bursts: 1 },
      "burst",
    ],
    [
      "register",
      (options) => new NetworkServer({ protocol }).messageHandler.register(Note, () => {}, options),
      { reuze: true },
      "reuse",
    ],
    [
      "registerRequest",
      (options) => new NetworkServer({ protocol }).messageHandler.registerRequest(Ask, () => 1, options),
      { reuse: true },
      "allowUnauthenticated",
    ],
    [
      "signedTokenAuthenticator",
      (more: object) => signedTokenAuthenticator({ issuerKeys: [], ...more }),
      { issuerKey: [] },
      "issuerKeys",
    ],
    [
      "signedTokenCredential",
      (options) => signedTokenCredential(new Uint8Array(0), null, options),
      { allowUnbound: true },
      "allowUnboundToken",
    ],
  ];

  test.each(given)("%s", (_name, take, options, nearest) => {
    expect(() => take(options as never)).toThrow(
      expect.objectContaining({ code: "ERR_UNKNOWN_OPTION", message: expect.stringContaining(nearest) }),
    );
  });

  test("connect, start, request, waitFor, sendToAll, loadScene", async () => {
    const { world, client } = await joined();
    const unknown = expect.objectContaining({ code: "ERR_UNKNOWN_OPTION" });
    await expect(world.newClient().connect({ hots: "" } as object)).rejects.toEqual(unknown);
    await expect(world.server.start({ local: client } as object)).rejects.toEqual(unknown);
    await expect(client.request(Ask, 1, { timeout: 1 } as object)).rejects.toEqual(unknown);
    await expect(client.messageHandler.waitFor(Note, { timeout: 1 } as object)).rejects.toEqual(unknown);
    expect(() => world.server.sendToAll(Note, 1, { excludes: null } as object)).toThrow(unknown);
    await expect(world.server.loadScene("a", { timeout: 1 } as object)).rejects.toEqual(unknown);
  });
});

test.each<[string, object, string]>([
  ["a port over 65535", { port: 112_647 }, "ERR_OUT_OF_RANGE"],
  ["a negative port", { port: -1 }, "ERR_OUT_OF_RANGE"],
  ["a port with a fraction", { port: 1.5 }, "ERR_OUT_OF_RANGE"],
  ["a host that is no text", { host: 5 }, "ERR_INVALID_ARG_TYPE"],
])("connect refuses %s", async (_name, options, code) => {
  await expect(new NetworkClient({ protocol }).connect(options)).rejects.toMatchObject({ code });
});

test.each<[string, object]>([
  ["tickRate", { tickRate: 1001 }],
  ["tickRate", { tickRate: "30" }],
  ["drive", { drive: "auto" }],
  ["listen", { listen: 1 }],
  ["onError", { onError: 1 }],
  ["clock", { clock: {} }],
  ["sessions.resumeWindowMs", { sessions: { resumeWindowMs: -1 } }],
  ["sessions.maxSuspended", { sessions: { maxSuspended: 1.5 } }],
  ["authentication.timeoutMs", { authentication: { authenticators: [], timeoutMs: Number.NaN } }],
  ["authenticators", { authentication: { authenticators: [{}] } }],
])("a server refuses a wrong %s when it is made", (_name, options) => {
  expect(() => new NetworkServer({ protocol, ...options } as never)).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^ERR_(OUT_OF_RANGE|INVALID_ARG_TYPE)$/) }),
  );
});

describe.each([Number.POSITIVE_INFINITY, 2 ** 31, 30 * 86_400_000])("with %d ms", (ms) => {
  test("a request, a wait and the loading of a scene wait", async () => {
    const { world, client } = await joined();
    world.server.messageHandler.registerRequest(Ask, () => new Promise(() => {}));
    client.onLoadScene = () => new Promise(() => {});
    const settled: string[] = [];
    const note = (name: string) => () => void settled.push(name);
    client
      .request(Ask, 1, { timeoutMs: ms })
      .finally(note("request"))
      .catch(() => {});
    client.messageHandler
      .waitFor(Note, { timeoutMs: ms })
      .finally(note("wait"))
      .catch(() => {});
    void world.server.loadScene("a", { timeoutMs: ms }).then(note("scene"));
    await world.run(20_000, 100);
    expect(settled).toEqual([]);
    let isStopped = false;
    void world.server.stop().then(() => {
      isStopped = true;
    });
    await world.until(() => isStopped, 50);
  });

  test("an authentication waits, and pings are not sent", async () => {
    const secret = "a secret of more than sixteen bytes";
    const authentication = { authenticators: [sharedSecretAuthenticator(secret)], timeoutMs: ms };
    const { player } = await joined(
      { authentication },
      { credential: sharedSecretCredential(secret), pingIntervalMs: ms },
    );
    expect(player.isAuthenticated).toBe(true);
  });

  test("a lost player may come back for so long", async () => {
    const { world, client, player, socketFactory } = await joined({ sessions: { resumeWindowMs: ms } });
    socketFactory.isCut = true;
    await world.until(() => player.state === PlayerState.Suspended && !client.isConnected, 50);
    await world.run(60_000, 500);
    expect(player.state).toBe(PlayerState.Suspended);
    socketFactory.isCut = false;
    await world.until(() => client.isAuthenticated, 50);
    expect(player.isAuthenticated).toBe(true);
  });
});

test("a server or client that is active says what to call before", async () => {
  const { world, client } = await joined();
  await expect(world.server.start()).rejects.toThrow("The server is active already: call stop() before this");
  await expect(client.connect()).rejects.toThrow("The client is active already: call disconnect() before this");
});

test("a manager that comes too late is told when it is made", async () => {
  const { world, client } = await joined();
  expect(() => new ServerObjectManager(world.server, { prefabs: [] })).toThrow(
    "The server is active already: make a ServerObjectManager, MessageCommsNetwork and the like before `start()`",
  );
  expect(() => new RoomsClient(client)).toThrow(
    "The client is active already: make a ClientObjectManager, RoomsClient and the like before `connect()`",
  );
});

test("a request without a connection says whether there was one", async () => {
  const { client } = await joined();
  const early = new NetworkClient({ protocol, socketFactory: new MemorySocketFactory(new MemoryNetwork()) });
  await expect(early.request(Ask, 1)).rejects.toThrow("not connected yet: await client.connect() first");
  client.disconnect();
  await expect(client.request(Ask, 1)).rejects.toThrow("The client is not connected any more");
});

test.each<[string, () => unknown, string]>([
  ["sessions", () => new NetworkServer({ protocol, sessions: true as never }), "sessions must be an object"],
  ["NetworkServer", () => new NetworkServer(undefined as never), "The options of NetworkServer must be an object"],
  ["NetworkClient", () => new NetworkClient(undefined as never), "The options of NetworkClient must be an object"],
  ["perSecond", () => defineMessage("a", u8, { rateLimit: { perSecond: 0 } }), "perSecond must be a number above 0"],
  [
    "burst",
    () => defineMessage("a", u8, { rateLimit: { perSecond: 1, burst: 0 } }),
    "burst must be a number of at least 1",
  ],
])("%s that is wrong is named", (_name, call, text) => {
  expect(call).toThrow(text);
});

test.each([0, 65_536, 1.5])("no client connects to port %d", async (port) => {
  const client = new NetworkClient({ protocol });
  await expect(client.connect({ port })).rejects.toMatchObject({ code: "ERR_OUT_OF_RANGE" });
  expect(client.active).toBe(false);
});
