import { describe, expect, test } from "vitest";
import {
  askServer,
  type DiscoverOptions,
  defineMessage,
  defineProtocol,
  discover,
  NetworkServer,
  type ServerInfo,
} from "../../lib/message/index.js";
import { readDescription } from "../../lib/message/server-info.js";
import { writeInfoAnswer } from "../../lib/peer/handshake/info-packets.js";
import { encode, string, struct, u8, u32 } from "../../lib/serialization/index.js";
import {
  type IConnectionHandle,
  type ISocket,
  LagSocketFactory,
  MemorySocketFactory,
  MultiplexSocketFactory,
  ReceivedPacket,
  type SocketFactory,
} from "../../lib/socket/index.js";
import { seededRandom } from "../../lib/testing/index.js";
import { MessageWorld, turn } from "../support/message-world.js";
import { seededBytes } from "../support/peer-world.js";

const newProtocol = (version = 3) => defineProtocol({ name: "game", version, messages: [defineMessage("note", u8)] });

function newWorld(options: Partial<ConstructorParameters<typeof MessageWorld>[0]> = {}) {
  return new MessageWorld({ protocol: newProtocol(), ...options });
}

/** Settles with the promise's value or error while the fake clock goes on. */
async function settled<Result>(world: MessageWorld, promise: Promise<Result>): Promise<Result> {
  let isOver = false;
  void promise.catch(() => {}).then(() => (isOver = true));
  await world.until(() => isOver);
  return promise;
}

const askOf = (world: MessageWorld) => ({
  socketFactory: world.factory,
  clock: world.clock,
  randomBytes: seededBytes(77),
});

/** What `discover` finds in a world. */
async function findIn(world: MessageWorld, options: DiscoverOptions = {}): Promise<ServerInfo[]> {
  return settled(world, collect(discover({ ...askOf(world), ...options })));
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe.each(["datagram", "reliable-lanes", "stream"] as const)("askServer over %s", (kind) => {
  test("tells name, version, players and places of a server, and whether it has the same protocol", async () => {
    const world = newWorld({ kind, server: { peer: { maxConnections: 8 } } });
    await world.server.start();
    await world.join();
    const { fingerprint } = world.server.protocol;
    expect(await settled(world, askServer({ ...askOf(world), host: "somewhere" }))).toEqual({
      host: "somewhere",
      port: 7777,
      ...{ name: "game", version: "3", players: 1, places: 8 },
      ...{ fingerprint, isSameProtocol: null },
      roundTripMs: expect.any(Number),
    });
    await world.run(1000);
    const same = await settled(world, askServer({ ...askOf(world), protocol: newProtocol() }));
    expect(same.isSameProtocol).toBe(true);
    await world.run(1000);
    const other = await settled(world, askServer({ ...askOf(world), protocol: newProtocol(4) }));
    expect(other.isSameProtocol).toBe(false);
    expect(world.server.players.length).toBe(1);
    await settled(world, world.server.stop());
    expect(world.errors).toEqual([]);
  });

  test("forty who ask at once from one address are all told, over datagrams within two seconds", async () => {
    const world = newWorld({ kind });
    await world.server.start();
    const startMs = world.clock.now();
    const asked = Array.from({ length: 40 }, (_, at) => askServer({ ...askOf(world), randomBytes: seededBytes(at) }));
    expect((await settled(world, Promise.all(asked))).length).toBe(40);
    expect(world.clock.now() - startMs).toBeLessThan(kind === "datagram" ? 2000 : 200);
  });

  test("a server with `info: null` tells nothing", async () => {
    const world = newWorld({ kind, server: { info: null } });
    await world.server.start();
    const code = kind === "datagram" ? "ERR_CONNECT_FAILED" : "ERR_REFUSED";
    const text =
      kind === "datagram" ? "has told nothing within 2000 ms: is it running there?" : "tells nothing about itself";
    const message = `The server localhost:7777 (Memory) ${text}`;
    await expect(settled(world, askServer(askOf(world)))).rejects.toMatchObject({ code, message });
  });

  test("whoever is refused or loses the connection hears from which server", async () => {
    if (kind === "datagram") return;
    const world = newWorld({ kind, server: { beforeAccept: () => ({ code: 7, text: "Not now" }) } });
    await world.server.start();
    await expect(settled(world, askServer(askOf(world)))).rejects.toMatchObject({
      code: "ERR_REFUSED",
      message: "The server localhost:7777 (Memory) refused: Not now. Its application decided so, with the code 7",
    });
  });

  test("where no server is, the question ends, by the time or the signal", async () => {
    const world = newWorld({ kind });
    const startMs = world.clock.now();
    await expect(settled(world, askServer({ ...askOf(world), timeoutMs: 700 }))).rejects.toMatchObject({
      code: "ERR_CONNECT_FAILED",
    });
    if (kind === "datagram") expect(world.clock.now() - startMs).toBeGreaterThanOrEqual(700);
    await expect(askServer({ ...askOf(world), signal: AbortSignal.abort(new Error("gone")) })).rejects.toThrow("gone");
    if (kind !== "datagram") return;
    const abort = new AbortController();
    const asked = askServer({ ...askOf(world), signal: abort.signal });
    await world.run(100);
    abort.abort(new Error("enough"));
    await expect(asked).rejects.toThrow("enough");
    await world.run(1000);
    expect(world.clock.timerCount).toBe(0);
  });
});

const description = struct({ name: string(100), version: string(32), players: u32, places: u32 });
const bytesOf = (told: { name?: string; version?: string }) =>
  encode(description, { name: "game", version: "1", players: 1, places: 2, ...told });

describe("the option info", () => {
  test("is a description, or a function that is called at most every 100 ms", async () => {
    let calls = 0;
    const info = () => ({ name: `Ada's game ${++calls}`, version: "", players: 3, places: 4 });
    const world = newWorld({ server: { info } });
    await world.server.start();
    expect(await settled(world, askServer(askOf(world)))).toMatchObject({
      name: "Ada's game 1",
      version: "",
      players: 3,
    });
    await world.run(1000);
    expect(await settled(world, askServer(askOf(world)))).toMatchObject({ name: "Ada's game 2", places: 4 });
    expect(calls).toBe(2);
  });

  test("that throws or gives what is no description is reported, and nobody is told anything", async () => {
    let given: unknown = () => {
      throw new Error("broken");
    };
    const world = newWorld({ server: { info: () => (typeof given === "function" ? given() : given) } });
    await world.server.start();
    const asked = askServer({ ...askOf(world), timeoutMs: 1800 });
    await world.run(400);
    given = { name: "two\nlines" };
    await world.run(500);
    given = null;
    await world.run(500);
    given = { name: "fine" };
    expect(await settled(world, asked)).toMatchObject({ name: "fine" });
    expect(world.errors.map(String)).toEqual([
      "Error: broken",
      "RangeError: name must be a text without control characters and invisible ones",
      expect.stringMatching(/^TypeError: The options of info must be an object; there are name, /),
    ]);
  });

  test.each([
    ["no name", { name: "" }, "ERR_OUT_OF_RANGE"],
    ["a long name", { name: "é".repeat(51) }, "ERR_OUT_OF_RANGE"],
    ["an escape", { name: "a\u001b[2J" }, "ERR_OUT_OF_RANGE"],
    ["a change of direction", { name: "a\u202eb" }, "ERR_OUT_OF_RANGE"],
    ["a long version", { version: "v".repeat(33) }, "ERR_OUT_OF_RANGE"],
    ["a number as version", { version: 3 }, "ERR_INVALID_ARG_TYPE"],
    ["negative players", { players: -1 }, "ERR_OUT_OF_RANGE"],
    ["too many places", { places: 2 ** 32 }, "ERR_OUT_OF_RANGE"],
    ["an unknown field", { place: 8 }, "ERR_UNKNOWN_OPTION"],
    ["a text", "a game", "ERR_INVALID_ARG_TYPE"],
  ])("%s is an error of the constructor", (_name, info, code) => {
    const create = () => new NetworkServer({ protocol: newProtocol(), info: info as never });
    expect(create).toThrow(expect.objectContaining({ code }));
  });

  test.each([
    ..."\u00ad\u034f\u061c\u115f\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u202e\u2060\u2064",
    ..."\u2069\u206a\u206f\u3164\ufe0f\ufeff\ufffa",
    ..."\u{e0001}\u{e0041}\u{e007f}\u{e0100}",
    "\ud800",
  ])("%j is in no name and no version, at both ends", (unseen) => {
    for (const text of [unseen, `${unseen}abc`, `a${unseen}b`, `abc${unseen}`, `\u{1f469}${unseen}`]) {
      if (text === "\u{1f469}\ufe0f") continue;
      for (const info of [{ name: text }, { version: text }]) {
        expect(() => new NetworkServer({ protocol: newProtocol(), info })).toThrow("must be");
        if (unseen !== "\ud800") expect(readDescription(bytesOf(info))).toBeNull();
      }
    }
  });

  test.each([" ", "\u00a0\u3000", "\u2800", "\u0301"])("%j shows nothing, and is refused at both ends", (text) => {
    for (const info of [{ name: text }, { version: text }]) {
      expect(() => new NetworkServer({ protocol: newProtocol(), info })).toThrow("a text that can be seen");
      expect(readDescription(bytesOf(info))).toBeNull();
    }
  });

  test.each([
    "\u{1f469}\u{1f3fd}\u200d\u{1f680} and \u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
    "\u2764\ufe0f\u200d\u{1f525} 1\ufe0f\u20e3 \u{1f1eb}\u{1f1f7}",
    "\u{1f937}\u{1f3ff}\u200d\u2642\ufe0f",
    "caf\u0065\u0301 \u0905\u092d\u093f \u0633\u0644\u0627\u0645",
  ])("%s is a name, at both ends", (name) => {
    expect(() => new NetworkServer({ protocol: newProtocol(), info: { name } })).not.toThrow();
    expect(readDescription(bytesOf({ name }))?.name).toBe(name);
  });

  test("the longest description fits", async () => {
    const name = "é".repeat(50);
    const info = { name, version: "v".repeat(32), players: 2 ** 32 - 1, places: 2 ** 32 - 1 };
    const world = newWorld({ server: { info } });
    await world.server.start();
    expect(await settled(world, askServer(askOf(world)))).toMatchObject(info);
  });
});

describe("discover", () => {
  /** Servers on these ports of the world's network. */
  async function serversOn(world: MessageWorld, ports: number[]) {
    const servers = ports.map((port) => {
      const socketFactory = new MemorySocketFactory(world.network, { port });
      return new NetworkServer({
        protocol: newProtocol(),
        socketFactory,
        clock: world.clock,
        info: { name: `${port}` },
      });
    });
    await Promise.all(servers.map((server) => server.start()));
    return servers;
  }

  test("finds each server of the local network and of the list once, and ends", async () => {
    const world = newWorld();
    await serversOn(world, [7001, 7002, 7003]);
    const startMs = world.clock.now();
    const servers = [{ port: 7003 }, { port: 7002 }, { port: 7999 }, { port: 7003 }];
    const found = await findIn(world, { ports: [7001, 7002, 7777], servers, timeoutMs: 3000 });
    expect(found.map(({ name }) => name).sort()).toEqual(["7001", "7002", "7003"]);
    expect(found.map(({ port }) => `${port}`).sort()).toEqual(["7001", "7002", "7003"]);
    expect(world.clock.now() - startMs).toBeGreaterThanOrEqual(3000);
    await world.run(50);
    expect(world.clock.now() - startMs).toBeLessThan(3300);
  });

  test("gives a server as soon as it has answered, and ends early where no more can come", async () => {
    const world = newWorld();
    await serversOn(world, [7001]);
    const startMs = world.clock.now();
    const found = discover({ ...askOf(world), ports: [7001] });
    expect((await settled(world, found.next())).value).toMatchObject({ host: "memory", port: 7001, name: "7001" });
    expect(world.clock.now() - startMs).toBeLessThan(100);
    await found.return();
    await world.run(1100);
    const listed = await findIn(world, { broadcast: false, servers: [{ port: 7001 }] });
    expect(listed.length).toBe(1);
    expect(world.clock.now() - startMs).toBeLessThan(1500);
    expect(await findIn(world, { broadcast: false })).toEqual([]);
  });

  test("asks hundreds of servers of a list, 64 at a time, each for timeoutMs", async () => {
    const world = newWorld();
    await serversOn(world, [7000]);
    const servers = Array.from({ length: 150 }, (_, at) => ({ port: 7149 - at }));
    const startMs = world.clock.now();
    const found = await findIn(world, { broadcast: false, servers, timeoutMs: 500 });
    expect(found.map(({ port }) => port)).toEqual([7000]);
    expect(world.clock.now() - startMs).toBeLessThan(1600);
  });

  test.each(["return", "throw"] as const)("%s ends it at once while next waits", async (method) => {
    const world = newWorld();
    const found = discover({ ...askOf(world), timeoutMs: Number.POSITIVE_INFINITY });
    const waiting = [found.next(), found.next()];
    await turn();
    const ended = method === "return" ? found.return() : found.throw(new Error("enough"));
    if (method === "return") expect(await ended).toEqual({ done: true, value: undefined });
    else await expect(ended).rejects.toThrow("enough");
    for (const next of waiting) expect(await next).toEqual({ done: true, value: undefined });
    await turn();
    expect(world.clock.timerCount).toBe(0);
    const unstarted = discover(askOf(world));
    expect(await unstarted.return()).toEqual({ done: true, value: undefined });
    expect(await unstarted.next()).toEqual({ done: true, value: undefined });
  });

  test("ends with the signal's reason, at once, and leaves nothing behind", async () => {
    const world = newWorld();
    const abort = new AbortController();
    const found = collect(discover({ ...askOf(world), timeoutMs: Number.POSITIVE_INFINITY, signal: abort.signal }));
    found.catch(() => {});
    await world.run(3000, 50);
    abort.abort(new Error("enough"));
    await expect(found).rejects.toThrow("enough");
    await turn();
    expect(world.clock.timerCount).toBe(0);
    const aborted = discover({ ...askOf(world), signal: abort.signal });
    await expect(aborted.next()).rejects.toThrow("enough");
  });

  test.each([
    ["LagSocketFactory", (factory: SocketFactory) => new LagSocketFactory(factory)],
    ["MultiplexSocketFactory", (factory: SocketFactory) => new MultiplexSocketFactory(factory)],
  ])("broadcasts through a %s", async (_name, wrap) => {
    const world = newWorld();
    await world.server.start();
    expect((await findIn(world, { socketFactory: wrap(world.factory) })).map(({ name }) => name)).toEqual(["game"]);
  });

  test("where the transport has no broadcast, it needs a list", async () => {
    const world = newWorld({ kind: "stream" });
    await world.server.start();
    await expect(findIn(world)).rejects.toMatchObject({ code: "ERR_NOT_SUPPORTED" });
    await expect(findIn(world, { broadcast: true, servers: [{}] })).rejects.toMatchObject({
      code: "ERR_NOT_SUPPORTED",
    });
    expect((await findIn(world, { servers: [{}] })).length).toBe(1);
  });

  test.each([
    [{ ports: [0] }, "ERR_OUT_OF_RANGE"],
    [{ ports: [] }, "ERR_OUT_OF_RANGE"],
    [{ ports: 7777 }, "ERR_INVALID_ARG_TYPE"],
    [{ servers: [{ port: 70_000 }] }, "ERR_OUT_OF_RANGE"],
    [{ servers: [{ hots: "a" }] }, "ERR_UNKNOWN_OPTION"],
    [{ timeoutMs: 0 }, "ERR_OUT_OF_RANGE"],
    [{ timeout: 5 }, "ERR_UNKNOWN_OPTION"],
  ])("%j is an error at once", (options, code) => {
    expect(() => discover(options as never)).toThrow(expect.objectContaining({ code }));
  });
});

describe("a hostile server", () => {
  const honest = bytesOf({});

  /** A socket in the place of a server that answers each question with what `answer` makes of its nonce. */
  async function hostile(world: MessageWorld, answer: (nonce: Uint8Array) => readonly Uint8Array[], port = 7777) {
    const factory = new MemorySocketFactory(world.network, { port });
    const socket: ISocket = factory.createServerSocket();
    const packet = new ReceivedPacket();
    const reply = (handle: IConnectionHandle, nonce: Uint8Array) => {
      for (const bytes of answer(nonce)) socket.send(handle, bytes, bytes.length, 0);
      socket.flush();
    };
    socket.events = {
      onReadable() {
        socket.tick();
        while (socket.poll()) {
          socket.receive(packet);
          reply(packet.handle.copy(), packet.buffer.slice(packet.offset + 5, packet.offset + 13));
        }
      },
      onIncoming: () => true,
      onConnect() {},
      onDisconnect() {},
      onWritable() {},
    };
    await socket.bind(factory.getBindEndPoint());
    return socket;
  }
  const answerOf = (nonce: Uint8Array, info: Uint8Array, instance: Uint8Array = new Uint8Array(8)) =>
    writeInfoAnswer(nonce, { instance, fingerprint: new Uint8Array(8), info });

  test("whose description is mutated gives no value out of range, and no line that is none", () => {
    const random = seededRandom(11);
    let readable = 0;
    for (let count = 0; count < 20_000; count++) {
      let info = honest.slice();
      for (let flips = 1 + random() * 8; flips > 0; flips--) {
        const at = Math.floor(random() * info.length);
        info[at] = (info[at] as number) ^ (1 << Math.floor(random() * 8));
      }
      if (count % 5 === 0) info = info.slice(0, Math.floor(random() * info.length));
      if (count % 7 === 0) info = Uint8Array.of(...info, 0);
      const read = readDescription(info);
      if (!read) continue;
      readable++;
      expect(/^[^\p{Cc}]{1,100}$/u.test(read.name) && /^[^\p{Cc}]{0,32}$/u.test(read.version)).toBe(true);
      expect(Number.isInteger(read.players) && Number.isInteger(read.places)).toBe(true);
    }
    expect(readable).toBeGreaterThan(1000);
  });

  test.each([
    ["a control character in its name", encode(description, { name: "a\tb", version: "", players: 0, places: 0 })],
    ["no name", encode(description, { name: "", version: "", players: 0, places: 0 })],
    ["a byte too many", Uint8Array.of(...honest, 0)],
    ["nothing", new Uint8Array(0)],
  ])("with %s is no server", async (_name, info) => {
    const world = newWorld();
    await hostile(world, (nonce) => [answerOf(nonce, info)]);
    expect(await findIn(world)).toEqual([]);
  });

  test("that answers a thousand times comes once", async () => {
    const world = newWorld();
    await hostile(world, (nonce) =>
      Array.from({ length: 1000 }, (_, at) => answerOf(nonce, honest, seededBytes(at)(8))),
    );
    expect((await findIn(world)).length).toBe(1);
  });

  test("that copies the instance of another, and answers first, hides nobody", async () => {
    const world = newWorld();
    const copied = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    for (const port of [7001, 7002]) await hostile(world, (nonce) => [answerOf(nonce, honest, copied)], port);
    const portsOf = (found: ServerInfo[]) => found.map(({ port }) => port).sort();
    const servers = [{ port: 7001 }, { port: 7002 }];
    expect(portsOf(await findIn(world, { ports: [7001, 7002] }))).toEqual([7001, 7002]);
    expect(portsOf(await findIn(world, { broadcast: false, servers }))).toEqual([7001, 7002]);
    expect(portsOf(await findIn(world, { ports: [7001], servers }))).toEqual([7001, 7002]);
  });

  test("with another nonce is not heard", async () => {
    const world = newWorld();
    await hostile(world, (nonce) => [
      answerOf(
        nonce.map((byte) => byte ^ 1),
        honest,
      ),
    ]);
    expect(await findIn(world)).toEqual([]);
  });
});
