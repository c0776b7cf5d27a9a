import { describe, expect, test } from "vitest";
import {
  defineMessage,
  defineProtocol,
  defineRequest,
  type INetworkPlayer,
  type NetworkClient,
  RequestRefusedError,
} from "../../lib/message/index.js";
import { Channel } from "../../lib/peer/index.js";
import { bytesView, packed, string, struct, u16 } from "../../lib/serialization/index.js";
import type { MemorySocketKind } from "../../lib/socket/index.js";
import { MessageWorld } from "../support/message-world.js";

const Chat = defineMessage("chat", struct({ text: string(100) }));
const Position = defineMessage("position", struct({ x: u16, y: u16 }));
const View = defineMessage("view", bytesView(100));
const Buy = defineRequest("buy", struct({ item: string(50) }), packed);
const Double = defineRequest("double", packed, packed);
const newProtocol = () =>
  defineProtocol({ name: "messages", version: 1, messages: [Chat, Position, View, Double, Buy] });

type Place = MemorySocketKind | "host";
const places: Place[] = ["datagram", "reliable-lanes", "stream", "host"];

/** A server with one player, who is remote or the host. */
async function joined(place: Place): Promise<{ world: MessageWorld; client: NetworkClient; player: INetworkPlayer }> {
  const kind = place === "host" ? "datagram" : place;
  const world = new MessageWorld({ protocol: newProtocol(), kind });
  if (place !== "host") {
    await world.server.start();
    return { world, ...(await world.join()) };
  }
  const client = world.newClient();
  await world.server.start({ localClient: client });
  await world.until(() => client.isAuthenticated);
  return { world, client, player: world.server.localPlayer as INetworkPlayer };
}

describe.each(places)("a player over %s", (place) => {
  test("sends and receives on every channel", async () => {
    const { world, client, player } = await joined(place);
    const heard: string[] = [];
    world.server.messageHandler.register(Chat, ({ text }, from) => {
      expect(from).toBe(player);
      heard.push(text);
    });
    client.messageHandler.register(Chat, ({ text }) => void heard.push(text));
    expect(client.send(Chat, { text: "reliable up" })).toBe(true);
    expect(client.send(Chat, { text: "unreliable up" }, Channel.Unreliable)).toBe(true);
    expect(player.send(Chat, { text: "reliable down" }, Channel.Reliable, 2)).toBe(true);
    const delivered = Promise.all([
      client.notify(Chat, { text: "notify up" }),
      player.notify(Chat, { text: "notify down" }),
    ]);
    await world.run(300);
    expect(await delivered).toEqual([true, true]);
    const expected = ["notify down", "notify up", "reliable down", "reliable up", "unreliable up"];
    expect(heard.sort()).toEqual(expected);
  });

  test("has numbers, and both sides know them", async () => {
    const { client, player } = await joined(place);
    expect(player.id).toBe(1);
    expect(client.player?.id).toBe(1);
    expect(player.isHost).toBe(place === "host");
    expect(client.isHost).toBe(place === "host");
  });

  test("asks and is answered, both ways", async () => {
    const { world, client, player } = await joined(place);
    world.server.messageHandler.registerRequest(Double, (value) => value * 2);
    client.messageHandler.registerRequest(Double, async (value) => value * 2 + 1);
    const answers = Promise.all([client.request(Double, 21), player.request(Double, 21)]);
    await world.run(300);
    expect(await answers).toEqual([42, 43]);
  });

  test("is refused with a text, or learns only that it failed", async () => {
    const { world, client } = await joined(place);
    world.server.messageHandler.registerRequest(Double, (value) => {
      if (value === 1) throw new RequestRefusedError("not that one");
      throw new Error("secret");
    });
    const outcomes = Promise.allSettled([client.request(Double, 1), client.request(Double, 2)]);
    await world.run(300);
    expect(await outcomes).toMatchObject([
      { reason: { code: "ERR_REQUEST_REFUSED", message: "not that one" } },
      {
        reason: {
          code: "ERR_REQUEST_FAILED",
          message: "The handler of double failed on the other side; its log has more",
        },
      },
    ]);
    expect(world.errors).toMatchObject([{ message: "secret" }]);
  });

  test("learns at once that there is no handler", async () => {
    const { world, client, player } = await joined(place);
    const outcomes = Promise.allSettled([client.request(Double, 1), player.request(Double, 1)]);
    await world.run(300);
    expect(await outcomes).toMatchObject([
      { reason: { code: "ERR_REQUEST_FAILED" } },
      { reason: { code: "ERR_REQUEST_FAILED" } },
    ]);
  });

  test("is checked, and the error names the request and its field", async () => {
    const { client } = await joined(place);
    await expect(client.request(Buy, { item: 5 as never })).rejects.toMatchObject({
      name: "TypeError",
      message: "buy.item: 5 is not a string",
    });
  });

  test("lost connections reject whoever waits, with one code, what was waited for, and the reason", async () => {
    const { world, client, player } = await joined(place);
    client.messageHandler.registerRequest(Double, () => new Promise(() => {}));
    world.server.messageHandler.registerRequest(Double, () => new Promise(() => {}));
    const waiting = Promise.allSettled([
      client.request(Double, 1),
      client.messageHandler.waitFor(Chat),
      player.request(Double, 1),
      world.server.messageHandler.waitFor(Chat, { player }),
    ]);
    await world.run(50);
    player.disconnect({ code: 7, text: "no\u202e cheating" });
    await world.run(300);
    const lost = (what: string) => ({
      reason: {
        code: "ERR_CONNECTION_LOST",
        message: expect.stringMatching(
          `^No ${what} will come: the connection to the (server|client) .*ended \\(no.u.202e. cheating\\)$`,
        ),
        reason: { code: 7, text: "no\u202e cheating" },
      },
    });
    expect(await waiting).toMatchObject([
      lost("answer to double"),
      lost("chat"),
      lost("answer to double"),
      lost("chat"),
    ]);
  });

  test("gives up a request after its time, on a signal, and when the player leaves", async () => {
    const { world, client, player } = await joined(place);
    client.messageHandler.registerRequest(Double, () => new Promise(() => {}));
    const abort = new AbortController();
    const outcomes = Promise.allSettled([
      player.request(Double, 1, { timeoutMs: 100 }),
      player.request(Double, 2, { signal: abort.signal }),
      player.request(Double, 3),
    ]);
    await world.run(200);
    abort.abort(new Error("changed my mind"));
    void client.disconnect();
    await world.run(200);
    expect(await outcomes).toMatchObject([
      { reason: { code: "ERR_TIMEOUT" } },
      { reason: { message: "changed my mind" } },
      { reason: { code: "ERR_CONNECTION_LOST" } },
    ]);
    await expect(player.request(Double, 4)).rejects.toMatchObject({ code: "ERR_CONNECTION_LOST" });
  });

  test("waits for a message", async () => {
    const { world, client, player } = await joined(place);
    const waits = Promise.allSettled([
      client.messageHandler.waitFor(Chat, { timeoutMs: 1000 }),
      client.messageHandler.waitFor(Position, { timeoutMs: 50 }),
    ]);
    player.send(Chat, { text: "at last" });
    await world.run(200);
    expect(await waits).toMatchObject([{ value: { text: "at last" } }, { reason: { code: "ERR_TIMEOUT" } }]);
    await expect(client.messageHandler.waitFor(View)).rejects.toThrow(TypeError);
  });

  test("counts its messages", async () => {
    const { world, client, player } = await joined(place);
    world.server.messageHandler.register(Position, () => {});
    for (let index = 0; index < 3; index++) client.send(Position, { x: 1, y: 2 });
    await world.run(200);
    expect(client.player?.metricsOf(Position)).toMatchObject({ messagesSent: 3, bytesSent: 15 });
    expect(player.metricsOf(Position)).toMatchObject({ messagesReceived: 3, bytesReceived: 15 });
  });

  test("throws for a wrong value, and sends nothing of it", async () => {
    const { world, client } = await joined(place);
    const heard: string[] = [];
    world.server.messageHandler.register(Chat, ({ text }) => void heard.push(text));
    expect(() => client.send(Chat, { text: 5 as never })).toThrow(TypeError);
    expect(() => client.send(Chat, { text: "x".repeat(101) })).toThrow(RangeError);
    const Foreign = defineMessage("foreign", u16);
    expect(() => client.send(Foreign, 5)).toThrow(expect.objectContaining({ code: "ERR_UNKNOWN_MESSAGE" }));
    client.send(Chat, { text: "right" });
    await world.run(100);
    expect(heard).toEqual(["right"]);
  });
});

describe("handlers", () => {
  test("are replaced and removed", async () => {
    const { world, client } = await joined("stream");
    const heard: string[] = [];
    const { messageHandler } = world.server;
    messageHandler.register(Chat, () => void heard.push("first"));
    messageHandler.register(Chat, () => void heard.push("second"));
    client.send(Chat, { text: "" });
    await world.run(100);
    expect(messageHandler.unregister(Chat)).toBe(true);
    expect(messageHandler.unregister(Chat)).toBe(false);
    client.send(Chat, { text: "" });
    await world.run(100);
    expect(heard).toEqual(["second"]);
  });

  test("of values that are valid during the call only cannot be async", async () => {
    const { world, client } = await joined("stream");
    const { messageHandler } = world.server;
    expect(() => messageHandler.register(View, async () => {})).toThrow(TypeError);
    expect(() => messageHandler.register(Chat, async () => {}, { reuse: true })).toThrow(TypeError);
    // A function that is not declared async is found out when it returns a promise.
    messageHandler.register(View, () => Promise.resolve());
    client.send(View, Uint8Array.of(1));
    await world.run(100);
    expect(world.errors).toMatchObject([{ name: "TypeError" }]);
  });

  test("read into one object with reuse", async () => {
    const { world, client } = await joined("stream");
    const seen = new Set<object>();
    const values: number[] = [];
    const note = (position: { x: number; y: number }) => {
      seen.add(position);
      values.push(position.x);
    };
    world.server.messageHandler.register(Position, note, { reuse: true });
    for (let x = 0; x < 5; x++) client.send(Position, { x, y: 0 });
    await world.run(100);
    expect(values).toEqual([0, 1, 2, 3, 4]);
    expect(seen.size).toBe(1);
  });

  test("start in the order of the messages, 32 at a time, and their signals abort when the player leaves", async () => {
    const { world, client, player } = await joined("stream");
    const started: string[] = [];
    const aborted: string[] = [];
    world.server.messageHandler.register(Chat, async ({ text }, _player, signal) => {
      started.push(text);
      await new Promise<void>((_, reject) => {
        signal.addEventListener("abort", () => {
          aborted.push(text);
          reject(signal.reason);
        });
      });
    });
    for (let index = 0; index < 34; index++) client.send(Chat, { text: `${index}` });
    await world.run(200);
    expect(started).toEqual(Array.from({ length: 32 }, (_, index) => `${index}`));
    expect(player.errorFlags).not.toBe(0);
    void client.disconnect();
    await world.run(200);
    expect(aborted).toEqual(started);
    expect(world.errors).toEqual([]);
  });
});

test("a message to many players is serialised once", async () => {
  let writes = 0;
  const counted = struct({ text: string(100) });
  const Counted = defineMessage("counted", {
    ...counted,
    write: (writer, value) => {
      writes++;
      counted.write(writer, value);
    },
  });
  const world = new MessageWorld({
    protocol: defineProtocol({ name: "many", version: 1, messages: [Counted] }),
    kind: "stream",
  });
  await world.server.start();
  const joins = [];
  for (let index = 0; index < 5; index++) joins.push(await world.join());
  const heard: number[] = [];
  for (const { client, player } of joins) {
    client.messageHandler.register(Counted, () => void heard.push(player.id));
  }
  const [first, second] = joins.map(({ player }) => player) as [INetworkPlayer, INetworkPlayer];
  expect(world.server.sendToAll(Counted, { text: "all" }, { exclude: first })).toBe(4);
  expect(writes).toBe(1);
  await world.run(100);
  expect(heard.sort()).toEqual([2, 3, 4, 5]);
  expect(world.server.sendToAll(Counted, { text: "three" }, { exclude: [first, second] })).toBe(3);
  await world.run(100);
  expect(heard.splice(4).sort()).toEqual([3, 4, 5]);
  expect(world.server.sendToMany([first, second], Counted, { text: "two" }, { channel: Channel.Unreliable })).toBe(2);
  await world.run(100);
  expect(heard.sort()).toEqual([1, 2, 2, 3, 4, 5]);
  expect(writes).toBe(3);
});

test("without a connection a message is not taken, and nothing throws; a wrong value does", async () => {
  const world = new MessageWorld({ protocol: newProtocol(), kind: "stream" });
  const { server } = world;
  const callbacks = { onDelivered: () => {}, onLost: () => {} };
  const tryAll = async (client: NetworkClient) => {
    expect([server.sendToAll(Chat, { text: "" }), server.sendToReady(Chat, { text: "" })]).toEqual([0, 0]);
    expect(client.send(Chat, { text: "" })).toBe(false);
    expect(client.sendNotify(Chat, { text: "" }, callbacks)).toBe(false);
    expect(await client.notify(Chat, { text: "" })).toBe(false);
    await expect(client.request(Double, 1)).rejects.toMatchObject({ code: "ERR_NOT_CONNECTED" });
  };
  await tryAll(world.newClient());
  await server.start();
  const { client, player } = await world.join();
  expect(() => client.send(Chat, { text: "x".repeat(101) })).toThrow(RangeError);
  const stopped = server.stop();
  await world.until(() => !client.active);
  await stopped;
  await tryAll(client);
  expect(player.send(Chat, { text: "" })).toBe(false);
  expect(await player.notify(Chat, { text: "" })).toBe(false);
  await expect(player.request(Double, 1)).rejects.toMatchObject({ code: "ERR_CONNECTION_LOST" });
});
