import { expect, test } from "vitest";
import { Channel } from "../../../lib/message/index.js";
import {
  LatestMessage,
  OrderedMessage,
  PredictedMessage,
  UnorderedMessage,
} from "../../../lib/object/wire/object-messages.js";
import type { IConnection } from "../../../lib/peer/index.js";
import { DisconnectCode } from "../../../lib/socket/index.js";
import { seededRandom } from "../../../lib/testing/index.js";
import { Mutator, recordSent } from "../../support/hostile-records.js";
import { HostileWorld } from "../../support/hostile-world.js";

const IS_STRESS = process.env.VALVE_SOCKETS_STRESS !== undefined;
const MESSAGES = IS_STRESS ? 200_000 : 20_000;
const hostile = [OrderedMessage, LatestMessage, PredictedMessage, UnorderedMessage];

/** A server that sends what its messages to a client would be with other bits. */
async function open() {
  const world = new HostileWorld("reliable-lanes");
  await world.server.start();
  const { protocol } = world.server;
  const samples: Uint8Array[] = [];
  const numbers = hostile.map((message) => protocol.messages.indexOf(message));
  const first = await world.enterOwner();
  const sent = await recordSent(first.player.connection as IConnection, async () => {
    for (let turn = 0; turn < 60; turn++) {
      world.use(first);
      if (turn % 9 === 0) first.chest.identity.setOwner(turn % 2 === 0 ? null : first.player);
      if (turn % 13 === 0) first.chest.identity.hide(first.player);
      if (turn % 13 === 5) first.chest.identity.show(first.player);
      await world.run(20);
    }
  });
  samples.push(...sent.filter(([number]) => numbers.includes(number as number)));
  for (const number of numbers) expect(samples.some((bytes) => bytes[0] === number)).toBe(true);
  void first.client.disconnect();
  await world.run(100);
  for (const identity of world.objects.objects) identity.destroy();
  return { world, mutator: new Mutator(seededRandom(20_242), samples) };
}

test(`${MESSAGES} mutated messages neither crash a client nor are told to its application`, async () => {
  const { world, mutator } = await open();
  let sent = 0;
  while (sent < MESSAGES) {
    // One that does not leave by itself: it has to bear all that comes.
    const end = await world.enterOwner(false);
    const { client, player } = end;
    for (let batch = 0; batch < 40 && client.player?.connection && player.isConnected; batch++) {
      for (let index = 0; index < 50; index++) {
        if (player.connection?.send(mutator.bytes(), Channel.Reliable, index % 4)) sent++;
      }
      world.use(end);
      await world.run(20, 10);
    }
    void client.disconnect();
    await world.run(100);
    for (const identity of world.objects.objects) identity.destroy();
    expect([world.failures, world.errors]).toEqual([[], []]);
  }
}, 300_000);

test("a client leaves such a server with a reason", async () => {
  const { world, mutator } = await open();
  const reasons: string[] = [];
  for (let round = 0; round < 50; round++) {
    const { client, player } = await world.enterOwner();
    client.on("disconnected", ({ code, text }) => void reasons.push(`${code} ${text}`));
    for (let index = 0; index < 300 && client.player?.connection; index++) {
      player.connection?.send(mutator.bytes(), Channel.Reliable);
      await world.run(2, 2);
    }
    await world.run(50);
    expect(client.active).toBe(false);
    for (const identity of world.objects.objects) identity.destroy();
  }
  expect(reasons.length).toBe(50);
  const text = new RegExp(
    `^${DisconnectCode.InvalidPacket} objects/(ordered|latest|predicted|unordered) cannot be read`,
  );
  expect(reasons.filter((reason) => !text.test(reason))).toEqual([]);
  expect([world.failures, world.errors]).toEqual([[], []]);
});
