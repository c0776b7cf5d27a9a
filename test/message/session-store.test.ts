import { describe, expect, test } from "vitest";
import { SESSION_METHOD } from "../../lib/message/authentication/session-proof.js";
import {
  DisconnectCode,
  defineMessage,
  defineProtocol,
  type INetworkPlayer,
  NetworkServer,
  PlayerState,
  sharedSecretAuthenticator,
  sharedSecretCredential,
} from "../../lib/message/index.js";
import { HelloMessage, ProofMessage } from "../../lib/message/protocol/system-messages.js";
import { u8 } from "../../lib/serialization/index.js";
import { CuttableFactory, MessageWorld, turn } from "../support/message-world.js";
import { connectRaw } from "../support/raw-ends.js";
import { atPort, serversWithStore } from "../support/server-group.js";
import { TestStore } from "../support/test-store.js";

const Note = defineMessage("note", u8);
const newProtocol = () => defineProtocol({ name: "store", version: 1, messages: [Note] });
const SECRET = new TextEncoder().encode("a secret of more than sixteen bytes");
const authentication = { authenticators: [sharedSecretAuthenticator(SECRET)] };

/** A server that was killed and another one in its place, which shares the store. */
async function replaced(store: TestStore, prepare = (_second: NetworkServer) => {}) {
  const server = { sessions: { store }, authentication };
  const world = new MessageWorld({ protocol: newProtocol(), kind: "datagram", server });
  const socketFactory = new CuttableFactory(world.network, { kind: "datagram" });
  const credential = sharedSecretCredential(SECRET);
  await world.server.start();
  const log: string[] = [];
  const client = world.newClient({ socketFactory, credential });
  client.use({
    playerAuthenticated: ({ id }) => void log.push(`begins as ${id}`),
    playerDisconnecting: (_player, { code }) => void log.push(`ends ${code}`),
    playerResumed: () => void log.push("goes on"),
  });
  client.on("resumed", () => void log.push("resumed"));
  client.on("disconnected", ({ code }) => void log.push(`disconnected ${code}`));
  void client.connect();
  await world.until(() => client.isAuthenticated);
  // Nobody says goodbye.
  socketFactory.isCut = socketFactory.isDeaf = true;
  const kept = new Map(store.sessions);
  void world.server.stop();
  await world.run(3000, 20);
  for (const [id, session] of kept) store.sessions.set(id, session);
  const errors: unknown[] = [];
  const second = new NetworkServer({
    ...{ protocol: newProtocol(), socketFactory: world.factory, clock: world.clock, ...server },
    onError: (error) => void errors.push(error),
    logger: { warn: () => {} },
  });
  prepare(second);
  await second.start();
  await world.until(() => client.player?.state === PlayerState.Suspended, 50);
  socketFactory.isCut = socketFactory.isDeaf = false;
  return { world, client, second, log, errors };
}

test("a session that only the store has is resumed as a new player, whom the store knows", async () => {
  const store = new TestStore();
  const joined: INetworkPlayer[] = [];
  const { world, client, second, log } = await replaced(store, (server) => {
    server.on("connected", (player) => void joined.push(player));
    server.on("authenticated", (player) => void joined.push(player));
  });
  await world.until(() => client.isAuthenticated, 50);
  await world.run(100);
  expect(joined).toEqual([...second.players, ...second.players]);
  expect(second.players[0]?.authentication?.method).toBe("shared-secret");
  expect(log).toEqual(["begins as 1", "ends 1027", "begins as 1", "resumed"]);
  expect(store.asked.length).toBe(1);
  const note = client.messageHandler.waitFor(Note);
  second.sendToAll(Note, 5);
  await world.run(50);
  expect(await note).toBe(5);
  void client.disconnect();
  await world.run(100);
  expect(store.sessions.size).toBe(0);
});

describe("a session is unknown, and the client ends,", () => {
  const cases: Record<string, [(store: TestStore) => void, number]> = {
    "when the store does not have it": [
      (store) => {
        store.answer = () => null;
      },
      DisconnectCode.SessionUnknown,
    ],
    "when its secret is another one": [
      (store) => {
        store.answer = (session) => session && { ...session, secret: new Uint8Array(32) };
      },
      DisconnectCode.AuthenticationFailed,
    ],
    "when the store fails": [
      (store) => {
        store.answer = () => Promise.reject(new Error("no disk"));
      },
      DisconnectCode.AuthenticationFailed,
    ],
    "when the store answers with what is no session": [
      (store) => {
        store.answer = () => ({ secret: new Uint8Array(3) }) as never;
      },
      DisconnectCode.AuthenticationFailed,
    ],
  };

  test.each(Object.entries(cases))("%s", async (name, [spoil, code]) => {
    const store = new TestStore();
    spoil(store);
    const { world, client, log, errors, second } = await replaced(store);
    await world.until(() => !client.active, 50);
    expect(log.at(-2)).toBe(`disconnected ${code}`);
    expect(errors.length).toBe(/fails|no session/.test(name) ? 1 : 0);
    expect(second.players).toEqual([]);
  });
});

test("two connections that bring one session at once have one player", async () => {
  const store = new TestStore();
  const waiting: (() => void)[] = [];
  store.answer = (session) => new Promise((resolve) => waiting.push(() => resolve(session)));
  const { world, client, second } = await replaced(store);
  await world.until(() => waiting.length === 1, 50);
  // The client gives its first try up, and tries again.
  await world.until(() => waiting.length === 2, 100);
  for (const answer of waiting) answer();
  await turn();
  await world.until(() => client.isAuthenticated, 50);
  await world.run(500);
  expect(second.players.length).toBe(1);
});

test("a closed server takes nobody from the store; the client tries until its time is over", async () => {
  const store = new TestStore();
  const joined: INetworkPlayer[] = [];
  const { world, client, second } = await replaced(store, (server) => {
    server.on("started", () => server.close());
    server.on("connected", (player) => void joined.push(player));
  });
  await world.until(() => !client.active, 50);
  expect(store.asked.length).toBeGreaterThan(1);
  expect([joined, second.players]).toEqual([[], []]);
});

test("a store is not asked about what is no proof of a session", async () => {
  const store = new TestStore();
  const world = new MessageWorld({ protocol: newProtocol(), server: { sessions: { store }, authentication } });
  await world.server.start();
  for (const length of [0, 15, 16, 79, 81]) {
    const { say, reasons } = await connectRaw(world);
    await say(HelloMessage, { resumes: true, ticket: new Uint8Array(0) });
    await say(ProofMessage, { method: SESSION_METHOD, payload: new Uint8Array(length) });
    await world.run(100);
    expect(reasons).toEqual([DisconnectCode.AuthenticationFailed]);
  }
  expect([store.asked, world.errors]).toEqual([[], []]);
});

test("a store that never answers keeps a connection as long as an authentication may last", async () => {
  const store = new TestStore();
  store.answer = () => new Promise(() => {});
  const world = new MessageWorld({ protocol: newProtocol(), server: { sessions: { store }, authentication } });
  await world.server.start();
  const { say, reasons } = await connectRaw(world);
  await say(HelloMessage, { resumes: true, ticket: new Uint8Array(0) });
  await say(ProofMessage, { method: SESSION_METHOD, payload: new Uint8Array(80) });
  await world.run(9000, 50);
  expect([store.asked.length, reasons]).toEqual([1, []]);
  await world.run(2000, 50);
  expect(reasons).toEqual([DisconnectCode.AuthenticationTimeout]);
  expect(world.server.metrics.unauthenticated.count).toBe(0);
});

test.each([
  [
    "throws",
    () => {
      throw new Error("no disk");
    },
  ],
  ["rejects", async () => Promise.reject(new Error("no disk"))],
])("a store whose remove %s loses no player's end", async (_, remove) => {
  const store = Object.assign(new TestStore(), { remove: remove as () => void });
  const world = new MessageWorld({ protocol: newProtocol(), server: { sessions: { store } } });
  await world.server.start();
  const left: number[] = [];
  world.server.on("disconnected", ({ id }) => void left.push(id));
  for (let count = 0; count < 2; count++) {
    const { client } = await world.join();
    void client.disconnect();
    await world.run(100);
  }
  expect([left, world.server.players]).toEqual([[1, 2], []]);
  expect(world.errors.map((error) => (error as Error).message)).toEqual(["no disk", "no disk"]);
});

test("a store whose create is async lets nobody in, and its rejection ends nothing", async () => {
  const create = async () => Promise.reject(new Error("no disk"));
  const store = Object.assign(new TestStore(), { create: create as never });
  const world = new MessageWorld({ protocol: newProtocol(), server: { sessions: { store } } });
  await world.server.start();
  const { client, connecting } = world.dial();
  await world.until(() => !client.active);
  await expect(connecting).rejects.toMatchObject({ code: "ERR_AUTHENTICATION_FAILED" });
  expect(world.errors.length).toBe(2);
});

test("a store that gives no secret lets nobody in", async () => {
  const store = Object.assign(new TestStore(), { create: () => new Uint8Array(0) });
  const world = new MessageWorld({ protocol: newProtocol(), server: { sessions: { store } } });
  await world.server.start();
  const { client, connecting } = world.dial();
  await world.until(() => !client.active);
  await expect(connecting).rejects.toMatchObject({ code: "ERR_AUTHENTICATION_FAILED" });
  expect(world.errors.length).toBe(1);
  expect(world.server.players).toEqual([]);
});

test("a store that does not answer is asked for 1024 sessions at a time; who comes then tries again", async () => {
  const askers = [...Array(512).fill("a"), ...Array.from({ length: 512 }, (_, index) => `b${index}`)];
  const store = new TestStore();
  const answers: (() => void)[] = [];
  const finding: Promise<unknown>[] = [];
  const { world, client, second } = await replaced(store, (server) => {
    store.answer = () => new Promise((resolve) => answers.push(() => resolve(null)));
    const { sessions } = NetworkServer.frontEndOf(server);
    for (const source of askers) finding.push(sessions?.findStored(new Uint8Array(16), source) as Promise<unknown>);
    store.answer = (session) => session;
  });
  await world.run(3000, 50);
  expect(store.asked).toHaveLength(1024);
  expect([client.active, second.players]).toEqual([true, []]);
  answers[0]?.();
  await world.until(() => client.isAuthenticated, 50);
  expect(store.asked).toHaveLength(1025);
  for (const answer of answers) answer();
  await Promise.all(finding);
});

test("one source that looks for sessions leaves half of the places to others", async () => {
  const store = new TestStore();
  const world = new MessageWorld({ protocol: newProtocol(), server: { sessions: { store } } });
  const { sessions } = NetworkServer.frontEndOf(world.server);
  store.answer = () => new Promise(() => {});
  const find = (source: string) => sessions?.findStored(new Uint8Array(16), source);
  for (let count = 0; count < 512; count++) void find("1.2.3.4");
  expect(await find("1.2.3.4")).toBe("busy");
  void find("5.6.7.8");
  expect(store.asked).toHaveLength(513);
});

test("a server that stops while the store is asked admits nobody behind that", async () => {
  const { world, servers, store, log, join } = await serversWithStore(2);
  await join();
  let answer = () => {};
  store.answer = (session) =>
    new Promise((resolve) => {
      answer = () => resolve(session);
    });
  servers[0]?.players[0]?.redirect(atPort(7778));
  await world.until(() => store.asked.length === 1);
  void servers[1]?.stop();
  answer();
  await world.run(500);
  expect(servers[1]?.players).toEqual([]);
  expect(log.filter((line) => line.startsWith("server 1"))).toEqual([]);
});
