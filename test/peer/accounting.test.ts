import { expect, test } from "vitest";
import { Channel, type IConnection } from "../../lib/peer/index.js";
import { seededRandom } from "../../lib/testing/index.js";
import { connected, HOME, MOBILE, OTHER_PORT, type World } from "../support/roaming-world.js";

/** `npm run test:stress`: 2000 runs. */
const SEEDS = process.env.VALVE_SOCKETS_STRESS === undefined ? 40 : 2000;
const ADDRESSES = [HOME, OTHER_PORT, MOBILE, "10.9.9.9:6000", "10.77.1.2:1234"];
const LANES = [0, 1, 2, 3];

/** One end, and how many reliable messages it has sent. */
interface End {
  connection: IConnection;
  sent: number;
}

/** Sends something of any channel, lane and length that a game may send. */
function say(end: End, random: () => number): void {
  const bytes = new Uint8Array(random() < 0.9 ? random() * 200 : random() * 12_000);
  const lane = Math.floor(random() * 4);
  const chance = random();
  if (chance < 0.5) end.sent += end.connection.send(bytes, Channel.Reliable, lane) ? 1 : 0;
  else if (chance < 0.65) end.connection.send(bytes, Channel.Unreliable);
  else if (chance < 0.8) end.connection.send(bytes, Channel.Sequenced, lane);
  else end.connection.sendNotify(bytes, { onDelivered() {}, onLost() {} });
}

/** A quarter of a second of traffic over a path that may be anything. */
async function live({ network, socket }: World, ends: End[], random: () => number): Promise<void> {
  network.loss = random() < 0.1 ? 1 : random() < 0.5 ? 0 : random() * 0.4;
  network.jitterMs = random() < 0.5 ? 0 : random() * 80;
  network.delayMs = 1 + random() * 150;
  if (random() < 0.3) socket.roam(ADDRESSES[Math.floor(random() * ADDRESSES.length)] as string);
  const busy = random() < 0.2 ? 10 : 1;
  for (let step = 0; step < 25; step++) {
    for (let count = 0; count < busy; count++) {
      for (const end of ends) if (random() < 0.3) say(end, random);
    }
    await network.run(10, 10);
  }
}

test.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
  "%i: whatever was lost and wherever the client went, no byte counts as sent once all has arrived",
  async (seed) => {
    const random = seededRandom(seed);
    const world = await connected();
    const { network, client, player, clientHandler, serverHandler } = world;
    const [up, down] = [client, player].map((connection) => ({ connection, sent: 0 })) as [End, End];
    const isReliable = ({ channel }: { channel: Channel }) => channel === Channel.Reliable;
    const hasAll = () =>
      serverHandler.messages.filter(isReliable).length === up.sent &&
      clientHandler.messages.filter(isReliable).length === down.sent;
    for (let round = 0; round < 3; round++) {
      for (let part = 0; part < 12; part++) await live(world, [up, down], random);
      network.loss = 0;
      network.jitterMs = 0;
      for (let second = 0; second < 60 && !hasAll(); second++) await network.run(1000, 20);
      expect(hasAll()).toBe(true);
      // Two probes, of what was delivered and whose acknowledgement was lost.
      await network.run(2000, 20);
      for (const end of [client, player]) {
        expect([end.bufferedBytes, end.metrics.reassemblyBytes]).toEqual([0, 0]);
        for (const lane of LANES) expect(end.queuedBytes(lane)).toBe(0);
      }
    }
    expect([...clientHandler.disconnected, ...serverHandler.disconnected]).toEqual([]);
  },
  30_000,
);
