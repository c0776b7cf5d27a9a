import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  defineMessage,
  defineProtocol,
  defineRequest,
  ErrorFlags,
  type INetworkPlayer,
  type NetworkServerOptions,
} from "../../lib/message/index.js";
import { bytes, NetworkWriter, packed, struct, u8, u16 } from "../../lib/serialization/index.js";
import { DisconnectCode } from "../../lib/socket/index.js";
import { MessageWorld } from "../support/message-world.js";
import { encodeMessage } from "../support/raw-ends.js";

const Pair = defineMessage("pair", struct({ a: u16, b: u16 }));
const Short = defineMessage("short", bytes(10));
const Limited = defineMessage("limited", u8, { rateLimit: { perSecond: 2, burst: 3, cost: 7 } });
const Unhandled = defineMessage("unhandled", u8);
const Ask = defineRequest("ask", packed, packed);
const Other = defineRequest("other", u8, u8);
const protocol = defineProtocol({
  name: "budget",
  version: 1,
  messages: [Pair, Short, Limited, Unhandled, Ask, Other],
});

async function joined(options: Partial<NetworkServerOptions> = {}) {
  const world = new MessageWorld({ protocol, kind: "stream", server: options });
  await world.server.start();
  const { client, player } = await world.join();
  /** Bytes that no honest client sends. */
  const raw = async (message: { name: string } | number, ...content: number[]) => {
    const writer = new NetworkWriter();
    const index = protocol.messages.indexOf(message as never);
    writer.writePacked(typeof message === "number" ? message : index);
    for (const byte of content) writer.writeUint8(byte);
    client.player?.connection?.send(writer.toBytes());
    await world.run(50);
  };
  return { world, client, player, raw };
}

const numberOf = (wanted: string) => protocol.messages.findIndex(({ name }) => name === wanted);

const zero = (name: string) => protocol.messages[numberOf(name)]?.codec.default();

/** How much of its budget of 200 a player has spent: charges it until the rest is used up. */
function spent(player: INetworkPlayer): number {
  for (let cost = 0; cost <= 200; cost++) {
    player.chargeError(1, 0);
    if (player.connection === null || player.connection.reason !== null) return 200 - cost;
  }
  throw new Error("It has no limit");
}

/** The rows of the page's table. */
const documented = [
  ...readFileSync(new URL("../../docs/message.md", import.meta.url), "utf8").matchAll(
    /^\| ([^|]+) \| (\d+) \| `(\w+)` \|$/gm,
  ),
].map(([, mistake, cost, flag]) => ({ mistake, cost: Number(cost), flag }));

describe("the costs that the page names", () => {
  const mistakes: Record<string, (raw: Awaited<ReturnType<typeof joined>>) => Promise<void>> = {
    "a message that cannot be read, or is too short, or too long": ({ raw }) => raw(Pair, 1),
    "a length over its limit": ({ raw }) => raw(Short, 15),
    "the handler threw": async ({ world, raw }) => {
      world.server.messageHandler.register(Pair, () => {
        throw new Error("mine");
      });
      await raw(Pair, 1, 2, 3, 4);
      expect(world.errors).toMatchObject([{ message: "mine" }]);
    },
    "a message without a handler": ({ raw }) => raw(Unhandled, 1),
    "a number that no message has": ({ raw }) => raw(77),
    "more than 32 async handlers at a time": async ({ world, raw }) => {
      world.server.messageHandler.register(Unhandled, () => new Promise(() => {}));
      for (let index = 0; index < 33; index++) await raw(Unhandled, 1);
    },
    "an answer or a scene that was not expected": ({ raw }) => raw(numberOf("ask/answer"), 5, 0, 0, 0, 0, 0),
  };

  test.each(documented)("$mistake: $cost", async ({ mistake, cost, flag }) => {
    // Without refill, so that what was spent can be counted.
    const given = await joined({ errorBudget: { refillPerSecond: 0 } });
    given.world.server.messageHandler.register(Pair, () => {});
    given.world.server.messageHandler.register(Short, () => {});
    await mistakes[mistake as string]?.(given);
    expect(given.player.errorFlags).toBe(ErrorFlags[flag as keyof typeof ErrorFlags]);
    expect(spent(given.player)).toBe(cost);
  });

  test("are all tried", () => {
    expect(documented.map(({ mistake }) => mistake)).toEqual(Object.keys(mistakes));
  });

  test.each([
    ["an answer", "ask/answer", [5, 0, 0, 0, 0, 0]],
    ["a scene", "network/scene-loaded", [9, 0, 0, 0, 1]],
  ])("%s that was not expected costs 10", async (_name, message, content) => {
    const { player, raw } = await joined({ errorBudget: { refillPerSecond: 0 } });
    await raw(protocol.messages.find(({ name }) => name === message) as never, ...content);
    expect(player.errorFlags).toBe(ErrorFlags.InvalidState);
    expect(spent(player)).toBe(10);
  });
});

test("an answer to another request than the open one costs 10, and settles nothing", async () => {
  const { world, client, player, raw } = await joined({ errorBudget: { refillPerSecond: 0 } });
  client.messageHandler.registerRequest(Ask, () => new Promise(() => {}));
  let isSettled = false;
  const asked = player.request(Ask, 1, { timeoutMs: 1000 }).finally(() => {
    isSettled = true;
  });
  asked.catch(() => {});
  await raw(protocol.messages.find(({ name }) => name === "other/answer") as never, 1, 0, 0, 0, 0, 0);
  expect(isSettled).toBe(false);
  expect(player.errorFlags).toBe(ErrorFlags.InvalidState);
  // An answer that comes too late costs nothing.
  player.resetErrorFlags();
  await world.run(1500);
  expect(isSettled).toBe(true);
  await raw(protocol.messages.find(({ name }) => name === "ask/answer") as never, 1, 0, 0, 0, 0, 0);
  expect(player.errorFlags).toBe(0);
  // Once: the player has been asked once.
  await raw(protocol.messages.find(({ name }) => name === "ask/answer") as never, 1, 0, 0, 0, 0, 0);
  expect(player.errorFlags).toBe(ErrorFlags.InvalidState);
});

test.each([
  ["network/ping", 8],
  ["network/scene-loaded", 5],
])("more of %s than a client of ours sends is charged", async (name, size) => {
  const { world, client, raw } = await joined();
  const content = Array.from({ length: size }, () => 0);
  for (let index = 0; index < 10; index++) await raw(numberOf(name), ...content);
  expect(client.isConnected).toBe(true);
  for (let index = 0; index < 80; index++) {
    client.player?.connection?.send(
      encodeMessage(protocol, protocol.messages[numberOf(name)] as never, zero(name) as never),
    );
  }
  await world.run(100);
  expect(client.isConnected).toBe(false);
});

test("bytes behind a message's last value are an error", async () => {
  const { world, player, raw } = await joined();
  const heard: unknown[] = [];
  world.server.messageHandler.register(Pair, (value) => void heard.push(value));
  await raw(Pair, 1, 0, 2, 0);
  await raw(Pair, 1, 0, 2, 0, 0);
  expect(heard).toEqual([{ a: 1, b: 2 }]);
  expect(player.errorFlags).toBe(ErrorFlags.Deserialization);
});

test("an empty message cannot be read", async () => {
  const { world, client, player } = await joined();
  client.player?.connection?.send(new Uint8Array(0));
  await world.run(50);
  expect(player.errorFlags).toBe(ErrorFlags.Deserialization);
});

describe("a budget", () => {
  test("below zero disconnects the player, and refills", async () => {
    const { world, client, player, raw } = await joined();
    const reasons: number[] = [];
    client.on("disconnected", ({ code }) => void reasons.push(code));
    // 20 each, and 50 come back in a second.
    for (let index = 0; index < 100; index++) {
      await raw(Unhandled, 1);
      await world.run(400);
    }
    expect(player.isConnected).toBe(true);
    for (let index = 0; index < 13; index++) await raw(Unhandled, 1);
    await world.run(200);
    expect(reasons).toEqual([DisconnectCode.ErrorLimit]);
    expect(world.server.players).toEqual([]);
  });

  test("can be left to onErrorLimit", async () => {
    const over: INetworkPlayer[] = [];
    const { world, player, raw } = await joined({ onErrorLimit: (one) => void over.push(one) });
    for (let index = 0; index < 12; index++) await raw(77);
    expect(over.length).toBeGreaterThan(0);
    expect(over[0]).toBe(player);
    expect(world.server.players).toEqual([player]);
  });

  test("does not hold for the host's client", async () => {
    const world = new MessageWorld({ protocol, server: { listen: false } });
    const client = world.newClient();
    await world.server.start({ localClient: client });
    await world.until(() => client.isAuthenticated);
    for (let index = 0; index < 100; index++) client.send(Unhandled, 1);
    await world.run(200);
    expect(client.isAuthenticated).toBe(true);
    // The first, the tenth and the hundredth.
    expect(world.warnings.length).toBe(3);
  });
});

test("a message's rate limit holds for each player separately", async () => {
  const { world, client, player } = await joined({ errorBudget: { refillPerSecond: 0 } });
  const other = await world.join();
  const heard: number[] = [];
  world.server.messageHandler.register(Limited, (_value, from) => void heard.push(from.id));
  for (let index = 0; index < 5; index++) client.send(Limited, 1);
  other.client.send(Limited, 1);
  await world.run(50);
  expect(heard.filter((id) => id === 1).length).toBe(3);
  expect(heard.filter((id) => id === 2).length).toBe(1);
  expect(player.errorFlags).toBe(ErrorFlags.RateLimit);
  await world.run(1000);
  for (let index = 0; index < 3; index++) client.send(Limited, 1);
  await world.run(50);
  expect(heard.filter((id) => id === 1).length).toBe(5);
  expect(spent(player)).toBe(3 * 7);
  expect(other.player.errorFlags).toBe(0);
});

test("a client disconnects when it cannot read a message, unless disconnectOnError is false", async () => {
  for (const disconnectOnError of [true, false]) {
    const world = new MessageWorld({ protocol, kind: "stream", client: { disconnectOnError } });
    await world.server.start();
    const { client, player } = await world.join();
    player.connection?.send(Uint8Array.of(protocol.messages.indexOf(Pair as never), 1));
    client.messageHandler.register(Pair, () => {});
    await world.run(100);
    expect(client.isConnected).toBe(!disconnectOnError);
    expect(world.warnings).toEqual([expect.stringContaining("pair cannot be read")]);
  }
});
