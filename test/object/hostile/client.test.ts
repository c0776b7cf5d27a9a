import { expect, test } from "vitest";
import { Channel, ErrorFlags } from "../../../lib/message/index.js";
import { CallsMessage, InputMessage, UnorderedMessage } from "../../../lib/object/wire/object-messages.js";
import type { IConnection } from "../../../lib/peer/index.js";
import { NetworkReader } from "../../../lib/serialization/index.js";
import { DisconnectCode } from "../../../lib/socket/index.js";
import { seededRandom } from "../../../lib/testing/index.js";
import { Mutator, recordSent } from "../../support/hostile-records.js";
import { contentOf, HostileWorld } from "../../support/hostile-world.js";
import { encodeMessage } from "../../support/raw-ends.js";

const IS_STRESS = process.env.VALVE_SOCKETS_STRESS !== undefined;
const MESSAGES = IS_STRESS ? 200_000 : 20_000;
const BATCH = 50;
const hostile = [CallsMessage, InputMessage, UnorderedMessage];

/** A world in which one of the players is hostile: what makes its messages out of those that it sent before. */
async function open(maxTokens?: number) {
  const world = new HostileWorld("reliable-lanes", maxTokens);
  await world.server.start();
  const { protocol } = world.server;
  const honest = [await world.enterOwner(), await world.enterOwner()];
  const numbers = hostile.map((message) => protocol.messages.indexOf(message));
  const recorder = await world.enterOwner();
  const sent = await recordSent(recorder.client.player?.connection as IConnection, async () => {
    for (let turn = 0; turn < 60; turn++) {
      world.use(recorder);
      await world.run(20);
    }
  });
  const samples = sent.filter(([number]) => numbers.includes(number as number));
  const bodies = samples
    .filter(([number]) => number !== protocol.messages.indexOf(UnorderedMessage))
    .map((bytes) => {
      const reader = new NetworkReader(bytes);
      reader.readPacked();
      return CallsMessage.codec.read(reader).slice();
    });
  const mutator = new Mutator(seededRandom(20_241), samples, bodies);
  /** Half of them are records that can be told apart: what is in them gets read. */
  const next = () =>
    mutator.below(2) === 0
      ? mutator.bytes()
      : encodeMessage(protocol, mutator.pick([CallsMessage, InputMessage]), mutator.records());
  return { world, honest, recorder, samples, next, numbers };
}

/** Bytes of the heap after a collection. */
function heapUsed(): number {
  gc?.({ type: "major", execution: "sync" });
  return process.memoryUsage().heapUsed;
}

test(`${MESSAGES} mutated messages are charged to their sender, and harm nobody else`, async () => {
  const { world, honest, recorder, samples, next, numbers } = await open(1e12);
  for (const number of numbers) expect(samples.some((bytes) => bytes[0] === number)).toBe(true);
  const connection = recorder.client.player?.connection as IConnection;
  let heap = 0;
  for (let batch = 0; batch < MESSAGES / BATCH; batch++) {
    for (let index = 0; index < BATCH; index++) connection.send(next(), Channel.Reliable, index % 4);
    for (const end of honest) world.use(end);
    await world.run(20, 10);
    if (batch === MESSAGES / BATCH / 4) heap = heapUsed();
    if (batch % 20 !== 19) continue;
    await world.run(200, 10);
    for (const end of honest) expect(contentOf(end.world.objects)).toEqual(contentOf(world.objects.objects));
  }
  // None of them is kept. What there is are abort signals of calls, which Node.js frees late.
  expect((heapUsed() - heap) / MESSAGES).toBeLessThan(400);
  expect([world.failures, world.errors]).toEqual([[], []]);
  const { Deserialization, SerializationLimit, RpcSync, RateLimit, NoAuthority, InvalidState } = ErrorFlags;
  const every = Deserialization | SerializationLimit | RpcSync | RateLimit | NoAuthority | InvalidState;
  expect(recorder.player.errorFlags).toBe(every);
  expect(honest.map(({ player }) => player.errorFlags)).toEqual([0, 0]);
  expect(honest.map(({ chest }) => chest.identity.owner)).toEqual(honest.map(({ player }) => player));
}, 300_000);

test("with the default budget such a client is disconnected soon, each time it connects", async () => {
  const { world, honest, recorder, next } = await open();
  void recorder.client.disconnect();
  await world.run(100);
  const reasons: number[] = [];
  for (let round = 0; round < 20; round++) {
    const { client, player } = await world.enterOwner();
    client.on("disconnected", ({ code }) => void reasons.push(code));
    for (let index = 0; index < 300 && client.player?.connection; index++) {
      client.player.connection.send(next(), Channel.Reliable);
      await world.run(1, 1);
    }
    await world.run(50);
    expect(player.isConnected).toBe(false);
    for (const identity of world.objects.objects) if (identity.owner === null) identity.destroy();
  }
  expect(reasons).toEqual(reasons.map(() => DisconnectCode.ErrorLimit));
  expect(reasons.length).toBe(20);
  expect(world.server.players).toEqual(honest.map(({ player }) => player));
});
