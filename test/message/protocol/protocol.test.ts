import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  defineMessage,
  defineProtocol,
  defineRequest,
  type MessageDefinition,
  type Protocol,
} from "../../../lib/message/index.js";
import { layoutHashOf, NetworkWriter, string, struct, u8, u16 } from "../../../lib/serialization/index.js";
import { DisconnectCode, type MemorySocketKind } from "../../../lib/socket/index.js";
import { MessageWorld } from "../../support/message-world.js";

const A = defineMessage("a", struct({ value: u8 }));
const B = defineMessage("b", string(20));
const OptionalB = defineMessage("b", string(20), { optional: true });
const WideB = defineMessage("b", string(21), { optional: true });
const C = defineMessage("c", u16);
const OptionalC = defineMessage("c", u16, { optional: true });

/** A message that says what it consists of. */
const withParts = (layout: string, parts: Record<string, string>): MessageDefinition<unknown> => ({
  ...defineMessage("parts", { ...u8, layoutHash: layoutHashOf(layout) } as unknown as typeof B.codec),
  parts: new Map(Object.entries(parts)),
});
const LONG = `struct{${'"a":u8,'.repeat(40)}`;
/** What is told of a long layout that ends with this: the end of what fits, and its hash. */
const endOf = (end: string) =>
  `…${LONG.slice(106, 108)}… ${layoutHashOf(LONG + end)
    .toString(16)
    .padStart(8, "0")}`;

const protocolOf = (messages: MessageDefinition<unknown>[], version = 1, name = "game") =>
  defineProtocol({ name, version, messages });

const kinds: MemorySocketKind[] = ["datagram", "reliable-lanes", "stream"];

async function meet(kind: MemorySocketKind, server: Protocol, client: Protocol) {
  const world = new MessageWorld({ protocol: server, kind });
  await world.server.start();
  const dialed = world.dial({ protocol: client });
  await world.until(() => dialed.client.isAuthenticated || !dialed.client.active);
  await world.run(100);
  return { world, ...dialed };
}

describe.each(kinds)("over %s", (kind) => {
  test.each<[difference: string, server: Protocol, client: Protocol, text: string]>([
    ["another name", protocolOf([A]), protocolOf([A], 1, "other"), 'protocol: server "game", client "other"'],
    ["another version", protocolOf([A], 2), protocolOf([A], 3), "protocol version: server 2, client 3"],
    ["a message too many", protocolOf([A]), protocolOf([A, B]), 'message "b" is missing on the server'],
    ["a message too few", protocolOf([A, B]), protocolOf([A]), 'message "b" is missing on the client'],
    [
      "no manager of objects",
      protocolOf([defineMessage("objects/calls", u8)]),
      protocolOf([]),
      'message "objects/calls" is missing on the client, which needs a ClientObjectManager before it starts',
    ],
    [
      "no rooms",
      protocolOf([]),
      protocolOf([defineMessage("rooms/join", u8)]),
      'message "rooms/join" is missing on the server, which needs a RoomHost before it starts',
    ],
    [
      "another layout",
      protocolOf([B]),
      protocolOf([WideB]),
      'message "b" has another layout on the server than on the client',
    ],
    [
      "another part of a message",
      protocolOf([withParts("1", { "ship.hull.armour": "u8 ordered", "ship.hull.name": "string(9)" })]),
      protocolOf([withParts("2", { "ship.hull.armour": "u16 ordered", "ship.hull.name": "string(9)" })]),
      "ship.hull.armour: server u8 ordered, client u16 ordered",
    ],
    [
      "a part too few",
      protocolOf([withParts("1", { "ship.hull": "behaviour", "ship.hull.armour": "u8 ordered" })]),
      protocolOf([withParts("2", { "ship.hull": "behaviour" })]),
      "ship.hull.armour: server u8 ordered, client nothing",
    ],
    [
      "a long part",
      protocolOf([withParts("1", { "ship.hull.load": `${LONG}"b":u8}` })]),
      protocolOf([withParts("2", { "ship.hull.load": `${LONG}"b":u16}` })]),
      `ship.hull.load: server ${endOf('"b":u8}')}, client ${endOf('"b":u16}')}`,
    ],
    [
      "parts that do not fit a table",
      protocolOf([withParts("2", { a: "u8" })]),
      protocolOf([withParts("1", Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`part${at}`, LONG])))]),
      'message "parts" has another layout on the server than on the client',
    ],
  ])("%s is refused, with its name", async (_difference, server, client, text) => {
    const { world, connecting } = await meet(kind, server, client);
    await expect(connecting).rejects.toMatchObject({
      code: "ERR_PROTOCOL_MISMATCH",
      message: expect.stringContaining(text),
      reason: { code: DisconnectCode.ProtocolMismatch, text },
    });
    expect(world.server.players).toEqual([]);
    expect(world.warnings).toEqual([]);
  });

  test.each<[string, Protocol, Protocol]>([
    ["server", protocolOf([A, C]), protocolOf([A, OptionalB, C])],
    ["client", protocolOf([A, OptionalB, C]), protocolOf([A, C])],
  ])(
    "the %s may lack an optional message; the others find each other",
    async (_side, serverProtocol, clientProtocol) => {
      const { world, client, connecting } = await meet(kind, serverProtocol, clientProtocol);
      await connecting;
      const heard: number[] = [];
      world.server.messageHandler.register(C, (value) => void heard.push(value));
      client.messageHandler.register(C, (value) => void heard.push(value));
      client.send(C, 1);
      world.server.sendToAll(C, 2);
      await world.run(200);
      expect(heard.sort()).toEqual([1, 2]);
      expect(world.warnings).toEqual([]);
      const [knowing, player] =
        clientProtocol.messages.length > serverProtocol.messages.length
          ? [client, client.player]
          : [world.server, world.server.players[0]];
      expect(knowing.protocol.messages).toContain(OptionalB);
      expect(() => player?.send(OptionalB, "x")).toThrow(expect.objectContaining({ code: "ERR_MESSAGE_NOT_AGREED" }));
      if (knowing === world.server) expect(world.server.sendToAll(OptionalB, "x")).toBe(0);
    },
  );
});

test("the fingerprint depends on name, version, names and layouts, and on nothing else", () => {
  const text = (protocol: Protocol) => protocol.fingerprint.join();
  const different = [
    protocolOf([A, C]),
    protocolOf([A, C], 2),
    protocolOf([A, C], 1, "other"),
    protocolOf([A]),
    protocolOf([A, B]),
    protocolOf([A, WideB]),
  ];
  expect(new Set(different.map(text)).size).toBe(different.length);
  expect(text(protocolOf([C, A]))).toBe(text(protocolOf([A, C])));
  expect(text(protocolOf([A, OptionalC]))).toBe(text(protocolOf([A, C])));
  expect(protocolOf([A]).fingerprint.length).toBe(8);
});

describe("a protocol", () => {
  test("takes messages until it is used", async () => {
    const protocol = protocolOf([A]);
    protocol.add(B).add(defineRequest("ask", u8, u8));
    const world = new MessageWorld({ protocol });
    await world.server.start();
    expect(protocol.isFrozen).toBe(true);
    expect(() => protocol.add(C)).toThrow(expect.objectContaining({ code: "ERR_PROTOCOL_FROZEN" }));
    expect(() => protocol.add(A, B)).not.toThrow();
  });

  test("refuses two messages of one name, wrong names, and a table over 8 KiB", () => {
    expect(() => protocolOf([B, OptionalB])).toThrow(TypeError);
    expect(() => defineMessage("network/ping", u8)).toThrow(RangeError);
    expect(() => defineMessage("", u8)).toThrow(RangeError);
    expect(() => defineMessage("x".repeat(65), u8)).toThrow(RangeError);
    expect(() => defineMessage("x", {} as never)).toThrow(TypeError);
    expect(() => defineMessage("x", u8, { rateLimit: { perSecond: 0 } })).toThrow(RangeError);
    expect(() => protocolOf([A], -1)).toThrow(RangeError);
    const many = Array.from({ length: 200 }, (_, index) => defineMessage(`${index}`.padStart(60, "x"), u8));
    expect(() => protocolOf(many).fingerprint).toThrow(RangeError);
  });
});

describe("the bytes that the page names", () => {
  const page = readFileSync(new URL("../../../docs/wire-format.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `([\w/-]+)` \| `([^`]+)` \| `([\da-f ]+)` \|$/gm)];
  /** Lists of numbers are bytes. */
  const revive = (_key: string, value: unknown) =>
    Array.isArray(value) && value.every((item) => typeof item === "number") ? Uint8Array.from(value) : value;
  const Chat = defineMessage("chat", struct({ text: string(200) }));
  const { messages } = defineProtocol({ name: "example", version: 1, messages: [Chat] });

  test.each(rows.map(([, name, value, hex]) => [name, value, hex] as const))("%s of %s", (name, json, hex) => {
    const number = messages.findIndex((message) => message.name === name);
    const value: unknown = JSON.parse(json as string, revive);
    const writer = new NetworkWriter();
    writer.writePacked(number);
    messages[number]?.codec.write(writer, value);
    const bytes = [...writer.view()].map((byte) => byte.toString(16).padStart(2, "0"));
    expect(bytes.join(" ")).toBe(hex);
  });

  test("are all there", () => expect(rows.length).toBe(7));
});
