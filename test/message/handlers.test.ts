import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { defineMessage, defineProtocol, defineRequest, ErrorFlags } from "../../lib/message/index.js";
import { bytes, optional, packed, struct, u8 } from "../../lib/serialization/index.js";
import { MessageWorld } from "../support/message-world.js";

const Note = defineMessage("note", u8);
const Ask = defineRequest("ask", u8, struct({ n: packed }));
const Maybe = defineRequest("maybe", u8, optional(u8));
const newProtocol = () => defineProtocol({ name: "handlers", version: 1, messages: [Note, Ask, Maybe] });

async function joined(options = {}) {
  const world = new MessageWorld({ protocol: newProtocol(), kind: "stream", server: options });
  await world.server.start();
  return { world, ...(await world.join()) };
}

test("clear removes the application's handlers, and leaves those of extensions and of the library", async () => {
  const Extra = defineMessage("extra", u8);
  const world = new MessageWorld({ protocol: newProtocol(), kind: "stream" });
  const received: string[] = [];
  const { server } = world;
  server.use({ messages: [Extra] });
  server.messageHandler.register(Extra, (value) => void received.push(`extra ${value}`));
  server.messageHandler.register(Note, (value) => void received.push(`note ${value}`));
  server.messageHandler.clear();
  await server.start();
  const client = world.newClient();
  client.use({ messages: [Extra] });
  void client.connect();
  await world.until(() => client.isAuthenticated);
  client.send(Note, 1);
  client.send(Extra, 2);
  await world.run(50);
  expect(received).toEqual(["extra 2"]);
});

/** A query builder: it begins when somebody waits for it. */
const lazily = <T>(value: T) => ({
  // biome-ignore lint/suspicious/noThenProperty: that is what it is
  then: (resolve: (value: T) => void) => void queueMicrotask(() => resolve(value)),
});
const elsewhere = (source: string) => runInNewContext(source) as never;

describe("a promise is what has a then:", () => {
  test.each([
    ["a promise", async () => ({ n: 7 })],
    ["a promise of another realm", () => elsewhere("Promise.resolve({ n: 7 })")],
    ["a query that nobody has waited for", () => lazily({ n: 7 }) as never],
  ])("%s answers a request", async (_name, answer) => {
    const { world, client } = await joined();
    world.server.messageHandler.registerRequest(Ask, answer);
    const asked = client.request(Ask, 1);
    await world.run(100);
    expect(await asked).toEqual({ n: 7 });
    expect(world.errors).toEqual([]);
  });

  test("the rejection of one of another realm is reported, from a handler and from a listener", async () => {
    const { world, client } = await joined();
    world.server.messageHandler.register(Note, () => elsewhere("Promise.reject(new Error('handler'))"));
    world.server.on("disconnected", () => elsewhere("Promise.reject(new Error('listener'))"));
    client.send(Note, 1);
    await world.run(100);
    void client.disconnect();
    await world.run(100);
    expect(world.errors).toMatchObject([{ message: "handler" }, { message: "listener" }]);
  });
});

describe("a handler that answers with", () => {
  test.each([
    ["nothing", () => undefined as never, "forget to return"],
    ["a promise of nothing", async () => undefined as never, "forget to return"],
    ["a wrong value", () => ({ n: -1 }), "n: -1 is not"],
  ])("%s has failed, and the player is not charged", async (_name, answer, text) => {
    const { world, client, player } = await joined({ errorBudget: { maxTokens: 1, refillPerSecond: 0 } });
    world.server.messageHandler.registerRequest(Ask, answer);
    for (let times = 0; times < 3; times++) {
      const asked = client.request(Ask, 1);
      asked.catch(() => {});
      await world.run(50);
      await expect(asked).rejects.toMatchObject({ code: "ERR_REQUEST_FAILED" });
    }
    expect(world.errors).toMatchObject([{ name: "TypeError", message: expect.stringContaining(text) }, {}, {}]);
    expect(player.isConnected).toBe(true);
    expect(player.errorFlags).toBe(ErrorFlags.RpcException);
  });

  test("nothing has answered, where that was promised", async () => {
    const { world, client } = await joined();
    world.server.messageHandler.registerRequest(Maybe, () => undefined);
    const asked = client.request(Maybe, 1);
    await world.run(50);
    expect(await asked).toBe(undefined);
  });
});

test("messages of another protocol have no handlers and are not waited for", async () => {
  const { world } = await joined();
  const { messageHandler } = world.server;
  const unknown = expect.objectContaining({ code: "ERR_UNKNOWN_MESSAGE" });
  const other = defineMessage("note", u8);
  expect(() => messageHandler.register(other, () => {})).toThrow(unknown);
  expect(() => messageHandler.registerRequest(defineRequest("other", u8, u8), () => 1)).toThrow(unknown);
  await expect(messageHandler.waitFor(other)).rejects.toEqual(unknown);
});

test.each([undefined, null, {}, 5, "note"])("%j is no message, and has no handler", async (wrong) => {
  const { messageHandler } = new MessageWorld({ protocol: newProtocol() }).server;
  const refused = expect.objectContaining({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE" });
  const message = wrong as never;
  expect(() => messageHandler.register(message, () => {})).toThrow(refused);
  expect(() => messageHandler.register(message, async () => {})).toThrow(refused);
  expect(() => messageHandler.registerRequest(message, () => 1)).toThrow(refused);
  expect(() => messageHandler.unregister(message)).toThrow(refused);
  await expect(messageHandler.waitFor(message)).rejects.toEqual(refused);
});

test("an extension's messages have handlers as soon as it is used", () => {
  const world = new MessageWorld({ protocol: newProtocol() });
  const Extra = defineMessage("extra", u8);
  world.server.use({ messages: [Extra] });
  expect(() => world.server.messageHandler.register(Extra, () => {})).not.toThrow();
});

test("what fails again and again is told once in full, and then counted", async () => {
  const { world, client } = await joined();
  world.server.messageHandler.register(Note, () => {
    throw new Error("mine");
  });
  for (let times = 0; times < 100; times++) {
    client.send(Note, 1);
    await world.run(5);
  }
  await world.run(50);
  expect(world.errors.length).toBe(100);
  expect(world.warnings).toEqual([
    expect.stringContaining("the handler of note failed"),
    expect.stringContaining("10 times: the handler of note failed: mine"),
    expect.stringContaining("100 times: the handler of note failed: mine"),
  ]);
});

test.each([
  ["null", null],
  ["a symbol", Symbol("wrong")],
  ["what has no text", Object.create(null)],
  ["what has a text of its own kind", { message: Symbol("wrong"), toString: null }],
])("a handler that throws %s ends nothing: it is counted, and told", async (_, thrown) => {
  const warnings: unknown[][] = [];
  const { world, client } = await joined({ logger: { warn: (...parts: unknown[]) => void warnings.push(parts) } });
  world.server.messageHandler.register(Note, () => {
    throw thrown;
  });
  client.send(Note, 1);
  await world.run(50);
  expect(warnings).toEqual([["valve-sockets: the handler of note failed", thrown]]);
  expect([world.server.metrics.failures, client.isAuthenticated]).toEqual([1, true]);
});

test("fifteen requests and waits with one signal put one listener on it, and none is left", async () => {
  const { world, client } = await joined();
  world.server.messageHandler.registerRequest(Ask, (n) => ({ n }));
  const { signal } = new AbortController();
  let listeners = 0;
  let most = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    most = Math.max(most, ++listeners);
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  const all = Array.from({ length: 15 }, (_, n) => client.request(Ask, n, { signal }));
  const waits = Array.from({ length: 15 }, () => client.messageHandler.waitFor(Note, { signal }));
  world.server.sendToAll(Note, 1);
  await world.run(100);
  expect((await Promise.all(all)).length).toBe(15);
  await Promise.all(waits);
  expect([most, listeners]).toEqual([1, 0]);
});

describe("to a player whose queue is full", () => {
  const Bulk = defineMessage("bulk", bytes(50_000));
  const full = async () => {
    const protocol = defineProtocol({ name: "full", version: 1, messages: [Bulk, Ask] });
    const world = new MessageWorld({ protocol, kind: "stream" });
    await world.server.start();
    const { client, player } = await world.join();
    client.messageHandler.register(Bulk, () => {});
    world.server.messageHandler.registerRequest(Ask, (n) => {
      while (player.send(Bulk, new Uint8Array(50_000)));
      while (player.send(Bulk, new Uint8Array(1)));
      return { n };
    });
    return { world, client, player };
  };

  test("an answer waits, and comes", async () => {
    const { world, client } = await full();
    const answers = Promise.all([client.request(Ask, 1), client.request(Ask, 2)]);
    await world.run(2000);
    expect(await answers).toEqual([{ n: 1 }, { n: 2 }]);
  });

  test("a scene waits; one that is over is not sent any more", async () => {
    const { world, client, player } = await full();
    const scenes: string[] = [];
    client.onLoadScene = (name) => void scenes.push(name);
    while (player.send(Bulk, new Uint8Array(50_000)));
    while (player.send(Bulk, new Uint8Array(1)));
    const first = world.server.loadScene("first", { timeoutMs: 0 });
    await world.run(0);
    world.clock.advance(0);
    await first;
    const second = world.server.loadScene("second");
    await world.run(2000);
    await second;
    expect(scenes).toEqual(["second"]);
    expect(player.ready).toBe(true);
  });
});

test("a request in place of a message, and a message in place of a request, names the right call", async () => {
  const { world, client, player } = await joined();
  const { messageHandler } = world.server;
  const ask = Ask as never;
  const isRequest = { code: "ERR_INVALID_ARG_TYPE", message: '"ask" is a request: use request and registerRequest' };
  expect(() => messageHandler.register(ask, () => {})).toThrow(expect.objectContaining(isRequest));
  expect(() => player.send(ask, 1 as never)).toThrow(expect.objectContaining(isRequest));
  const isMessage = {
    code: "ERR_INVALID_ARG_TYPE",
    message: 'definition must be what defineRequest returns; "note" is a message: use send and register',
  };
  expect(() => messageHandler.registerRequest(Note as never, () => 1 as never)).toThrow(
    expect.objectContaining(isMessage),
  );
  await expect(client.request(Note as never, 1)).rejects.toMatchObject(isMessage);
});
