import { expect, test } from "vitest";
import {
  defineMessage,
  defineProtocol,
  defineRequest,
  ErrorFlags,
  type INetworkPlayer,
  type MessageDefinition,
} from "../../lib/message/index.js";
import { Channel, type IConnection } from "../../lib/peer/index.js";
import {
  array,
  bytes,
  bytesView,
  enumeration,
  extensible,
  float32,
  map,
  optional,
  packed,
  quaternion,
  string,
  struct,
  u8,
  u16,
  union,
} from "../../lib/serialization/index.js";
import { DisconnectCode } from "../../lib/socket/index.js";
import { seededRandom } from "../../lib/testing/index.js";
import { MessageWorld } from "../support/message-world.js";
import { encodeMessage } from "../support/raw-ends.js";

const MESSAGES = 1_000_000;
const BATCH = 1000;

const Move = defineMessage("move", struct({ x: float32, y: float32, facing: quaternion(10) }));
const Chat = defineMessage("chat", struct({ to: optional(u16), text: string(60) }));
const Bag = defineMessage(
  "bag",
  array(struct({ kind: enumeration(["sword", "shield", "potion"]), count: packed }), 20),
);
const Scores = defineMessage("scores", map(string(10), u16, 10));
const Action = defineMessage(
  "action",
  union("kind", { jump: { height: u8 }, cast: { spell: string(12), at: packed } }),
);
const Blob = defineMessage("blob", bytes(50));
const Raw = defineMessage("raw", bytesView(50));
const Grown = defineMessage("grown", extensible({ a: u8 }, { b: string(8) }));
const Throws = defineMessage("throws", u8);
const Later = defineMessage("later", u8);
const Honest = defineMessage("honest", packed);
const Silent = defineMessage("silent", u8);
const Ask = defineRequest("ask", string(20), packed);
const own = [Move, Chat, Bag, Scores, Action, Blob, Raw, Grown, Throws, Later, Silent];
const protocol = defineProtocol({ name: "fuzz", version: 1, messages: [...own, Honest, Ask] });

const random = seededRandom(20_231);
const below = (limit: number) => Math.floor(random() * limit);

/** Something that an honest client could send: where the mutations start from. */
const values = new Map<MessageDefinition<unknown>, unknown>([
  [Move, { x: 1, y: -2, facing: { x: 0, y: 0, z: 0, w: 1 } }],
  [Chat, { to: 3, text: "hello there" }],
  [
    Bag,
    [
      { kind: "sword", count: 1 },
      { kind: "potion", count: 300 },
    ],
  ],
  [
    Scores,
    new Map([
      ["ada", 1],
      ["bob", 2],
    ]),
  ],
  [Action, { kind: "cast", spell: "fireball", at: 70_000 }],
  [Blob, Uint8Array.of(1, 2, 3, 4)],
  [Raw, Uint8Array.of(5, 6, 7)],
  [Grown, { a: 1, b: "two" }],
]);

/** A message of each kind, including the library's own. */
function samples(): Uint8Array[] {
  return protocol.messages.map((message) =>
    encodeMessage(protocol, message, values.get(message) ?? message.codec.default()),
  );
}

const numberOf = (wanted: string) => protocol.messages.findIndex(({ name }) => name === wanted);

const scratch = new Uint8Array(512);

/** Changes a message a little or entirely. @returns the length of what lies in `scratch` */
function mutate(sample: Uint8Array): number {
  scratch.set(sample);
  let length = sample.length;
  const flips = below(4);
  // Three of four keep their number, so that the codec is what gets tested.
  const first = below(4) === 0 ? 0 : 1;
  for (let flip = 0; flip < flips && length > first; flip++) {
    const index = first + below(length - first);
    scratch[index] = (scratch[index] as number) ^ (1 << below(8));
  }
  switch (below(6)) {
    case 0:
      length = below(length + 1);
      break;
    case 1:
      for (let more = below(30); more > 0; more--) scratch[length++] = below(256);
      break;
    case 2:
      for (let index = first; index < length; index++) scratch[index] = below(4) === 0 ? 255 : below(256);
      break;
  }
  return length;
}

test("a million mutated messages are charged to their sender, and harm nobody else", async () => {
  const world = new MessageWorld({ protocol, kind: "reliable-lanes", server: { errorBudget: { maxTokens: 1e12 } } });
  const { messageHandler } = world.server;
  let handled = 0;
  for (const message of own.slice(0, 8) as MessageDefinition<unknown>[])
    messageHandler.register(message, () => void handled++);
  messageHandler.register(Throws, () => {
    handled++;
    throw new Error("thrown");
  });
  messageHandler.register(Later, async () => void handled++);
  messageHandler.registerRequest(Ask, (text) => {
    handled++;
    return text.length;
  });
  const honestHeard: number[] = [];
  messageHandler.register(Honest, (value, player) => {
    if (player === honest.player) honestHeard.push(value);
    else handled++;
  });
  await world.server.start();
  const honest = await world.join();
  const attacker = await world.join({ disconnectOnError: false });
  const answers: number[] = [];
  attacker.client.messageHandler.register(Honest, () => {});
  const connection = attacker.client.player?.connection as IConnection;
  const all = samples();
  const tried = new Map<string, number>();
  // Out of place, these end the connection: a number that one of them keeps is another message's.
  const handshake = new Set(["network/table", "network/hello", "network/proof"].map((name) => numberOf(name)));
  let sent = 0;
  for (let batch = 0; batch < MESSAGES / BATCH; batch++) {
    for (let index = 0; index < BATCH; index++) {
      const number = below(all.length);
      const length = mutate(all[number] as Uint8Array);
      if (handshake.has(scratch[0] as number)) scratch[0] = numberOf("move");
      const name = (protocol.messages[number] as MessageDefinition<unknown>).name;
      tried.set(name, (tried.get(name) ?? 0) + 1);
      if (connection.send(scratch, Channel.Reliable, index % 4, 0, length)) sent++;
    }
    honest.client.send(Honest, batch);
    if (batch % 100 === 0) {
      const answer = honest.client.request(Ask, "four");
      await world.run(10);
      answers.push(await answer);
    } else {
      await world.run(2, 1);
    }
  }
  await world.run(500);
  expect(sent).toBe(MESSAGES);
  expect(connection.metrics.messagesRefused).toBe(0);
  expect(Math.min(...tried.values())).toBeGreaterThan(20_000);
  // Everything was counted for the sender's player, whether it could be read or not.
  const serverSide = attacker.player.connection as IConnection;
  expect(serverSide.metrics.messagesReceived[Channel.Reliable]).toBeGreaterThanOrEqual(MESSAGES);
  expect(handled).toBeGreaterThan(100_000);
  expect(handled).toBeLessThan(MESSAGES);
  const { Deserialization, SerializationLimit, RpcSync, RpcException, InvalidState } = ErrorFlags;
  const every = Deserialization | SerializationLimit | RpcSync | RpcException | InvalidState;
  expect(attacker.player.errorFlags & every).toBe(every);
  expect(world.errors.every((error) => (error as Error).message === "thrown")).toBe(true);
  // And for nobody else.
  expect(honest.player.errorFlags).toBe(0);
  expect(honestHeard).toEqual(Array.from({ length: MESSAGES / BATCH }, (_, index) => index));
  expect(answers).toEqual(answers.map(() => 4));
  expect(world.server.authenticatedPlayers).toEqual([honest.player, attacker.player]);
}, 120_000);

test("with the default budget such a sender is disconnected soon, each time it connects", async () => {
  const world = new MessageWorld({ protocol, kind: "reliable-lanes" });
  await world.server.start();
  const honest = await world.join();
  const all = samples();
  const reasons: number[] = [];
  for (let round = 0; round < 50; round++) {
    const attacker = await world.join({ disconnectOnError: false });
    attacker.client.on("disconnected", ({ code }) => void reasons.push(code));
    const players: INetworkPlayer[] = [attacker.player];
    for (let index = 0; index < 200 && attacker.client.player?.connection; index++) {
      const length = mutate(all[below(all.length)] as Uint8Array);
      attacker.client.player.connection.send(scratch, Channel.Reliable, 0, 0, length);
      await world.run(1, 1);
    }
    await world.run(50);
    expect(players[0]?.isConnected).toBe(false);
  }
  const { ErrorLimit, InvalidPacket } = DisconnectCode;
  expect(reasons.length).toBe(50);
  expect(reasons.every((code) => code === ErrorLimit || code === InvalidPacket)).toBe(true);
  expect(reasons).toContain(ErrorLimit);
  expect(world.server.players).toEqual([honest.player]);
});
