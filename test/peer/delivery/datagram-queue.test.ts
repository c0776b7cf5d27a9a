import { expect, test } from "vitest";
import { Channel } from "../../../lib/peer/channel.js";
import { DatagramQueue } from "../../../lib/peer/delivery/datagram-queue.js";
import { ConnectionMetrics } from "../../../lib/peer/metrics.js";
import type { ProfileHost } from "../../../lib/peer/profile.js";

const host = { maxAgeMs: Number.POSITIVE_INFINITY, now: () => 0, metrics: new ConnectionMetrics() };
const callbacks = { onDelivered() {}, onLost() {} };

/** The places of the notify messages of each packet that the queue fills: from, to before. */
function packetsOf(queue: DatagramQueue): [number, number][] {
  const packets: [number, number][] = [];
  while (queue.bytes > 0) {
    queue.take(new Uint8Array(1200), 0, 1200);
    packets.push([queue.firstNotify, queue.endNotify]);
  }
  return packets;
}

test("a packet with fragments of a notify message has no other notify message", () => {
  const queue = new DatagramQueue(host as unknown as ProfileHost);
  const send = (channel: Channel, length: number) =>
    queue.send(channel, 0, new Uint8Array(length), 0, length, channel === Channel.Notify ? callbacks : null);
  for (const length of [20, 20, 1110, 1110]) send(Channel.Notify, length);
  send(Channel.Unreliable, 20);
  send(Channel.Notify, 20);
  send(Channel.Notify, 20);
  expect(packetsOf(queue)).toEqual([
    [0, 2],
    [2, 3],
    [3, 4],
    [4, 6],
  ]);
});
