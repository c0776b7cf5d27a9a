import { expect, test } from "vitest";
import { AckFrame } from "../../lib/peer/frames/ack-frame.js";
import { PacketReader } from "../../lib/peer/frames/packet-reader.js";
import { Channel, type IConnection } from "../../lib/peer/index.js";
import { FrameKind, PacketKind } from "../../lib/peer/packet-format.js";
import { seededRandom } from "../../lib/testing/index.js";
import { PeerWorld, text } from "../support/peer-world.js";

/** Kind and number of the packet, kind of its first frame. */
const ACK_START = 6;

/** How many ranges the Ack at the beginning of an unreliable packet names, 0 where there is none. */
function rangesOf(packet: Uint8Array): number {
  if (packet[0] !== PacketKind.Unreliable || packet[ACK_START - 1] !== FrameKind.Ack) return 0;
  const reader = new PacketReader();
  reader.start(packet, ACK_START, packet.length);
  const ack = new AckFrame();
  expect(ack.read(reader, 0, 2 ** 31)).toBe(true);
  return ack.rangeCount;
}

/** Sends notify messages "0", "1", … and an unreliable one before each, and records what became of them. */
async function play(world: PeerWorld, client: IConnection, count: number): Promise<string[]> {
  const fates: string[] = [];
  for (let index = 0; index < count; index++) {
    client.send(text("u"), Channel.Unreliable);
    await world.run(5);
    client.sendNotify(text(`${index}`), {
      onDelivered: () => fates.push(`${index} delivered`),
      onLost: () => fates.push(`${index} lost`),
    });
    await world.run(15);
  }
  await world.run(2000);
  return fates;
}

test("over GNS, acknowledgements stop naming the ranges that are known to have arrived", async () => {
  const { world, client } = await PeerWorld.connected({ kind: "reliable-lanes" });
  const ranges: number[] = [];
  let pongs = 0;
  world.tap = (packet) => {
    const named = rangesOf(packet);
    if (named > 0) ranges.push(named);
    else if (packet[ACK_START - 1] === FrameKind.Pong) pongs++;
  };
  const fates = await play(world, client, 200);
  expect(fates).toEqual(Array.from({ length: 200 }, (_, index) => `${index} delivered`));
  expect(Math.max(...ranges)).toBeLessThanOrEqual(10);
  expect(ranges.length).toBeGreaterThanOrEqual(100);
  expect(pongs).toBeLessThan(30);
});

test.each([1, 2, 3, 4, 5])(
  "over GNS, what arrived counts as delivered though packets are lost, seed %i",
  async (seed) => {
    const { world, client } = await PeerWorld.connected({ kind: "reliable-lanes" });
    const random = seededRandom(seed);
    const ranges: number[] = [];
    world.tap = (packet) => {
      const named = rangesOf(packet);
      if (named > 0) ranges.push(named);
      world.isCut = packet[0] === PacketKind.Unreliable && random() < 0.2;
    };
    const fates = await play(world, client, 500);
    const arrived = new Set(world.serverHandler.texts);
    // Behind the last ones nothing is acknowledged any more, which would say the same once more.
    expect(fates.slice(0, 480)).toEqual(
      Array.from({ length: 480 }, (_, index) => `${index} ${arrived.has(`${index}`) ? "delivered" : "lost"}`),
    );
    expect(arrived.size).toBeLessThan(450);
    expect(ranges.reduce((sum, named) => sum + named, 0) / ranges.length).toBeLessThan(12);
  },
);
