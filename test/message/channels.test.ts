import { expect, test } from "vitest";
import { defineMessage, defineProtocol } from "../../lib/message/index.js";
import { Channel } from "../../lib/peer/index.js";
import { bytes } from "../../lib/serialization/index.js";
import type { MemorySocketKind } from "../../lib/socket/index.js";
import { MessageWorld } from "../support/message-world.js";

const kinds: MemorySocketKind[] = ["datagram", "reliable-lanes", "stream"];
const Snapshot = defineMessage("snapshot", bytes(16_000), { channel: Channel.Sequenced, lane: 2, maxAgeMs: 40 });

test.each(kinds)("a message has a channel, a lane and an age of its own, over %s", async (kind) => {
  const protocol = defineProtocol({ name: "channels", version: 1, messages: [Snapshot] });
  const world = new MessageWorld({ protocol, kind });
  await world.server.start();
  const { client, player } = await world.join();
  const sizes: number[] = [];
  client.messageHandler.register(Snapshot, (value) => void sizes.push(value.length));
  const sent = () => player.connection?.metrics.messagesSent.slice();
  const before = sent() as number[];
  expect(player.send(Snapshot, new Uint8Array(15_000))).toBe(true);
  expect(world.server.sendToAll(Snapshot, new Uint8Array(5000))).toBe(1);
  expect(player.send(Snapshot, new Uint8Array(7), Channel.Reliable, 0)).toBe(true);
  expect(sent()?.map((count, channel) => count - (before[channel] as number))).toEqual([1, 0, 0, 2]);
  await world.run(200);
  expect(sizes.sort((one, other) => one - other)).toEqual([7, 5000, 15_000]);

  player.send(Snapshot, new Uint8Array(3));
  player.send(Snapshot, new Uint8Array(4), Channel.Sequenced, 2, 1000);
  world.clock.suspend(41);
  await world.run(200);
  expect(sizes).not.toContain(3);
  expect(sizes).toContain(4);
  expect(player.connection?.metrics.messagesExpired).toBe(1);
});

test("a message's channel, lane and age are checked", () => {
  for (const options of [{ channel: Channel.Notify }, { channel: 9 }, { lane: 4 }, { maxAgeMs: -1 }]) {
    expect(() => defineMessage("wrong", bytes(1), options)).toThrow(RangeError);
  }
});
