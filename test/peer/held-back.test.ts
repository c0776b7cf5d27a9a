import { afterEach, describe, expect, test } from "vitest";
import { Channel } from "../../lib/peer/index.js";
import { LagSocketFactory, type MemorySocketKind } from "../../lib/socket/index.js";
import { PeerWorld } from "../support/peer-world.js";
import { gns, RealPeers } from "../support/real-peers.js";

// A transport that is behind: what may be too old soon waits in the Peer, where it is dropped in time and counted.

const MESSAGE_BYTES = 1000;
const kinds: MemorySocketKind[] = ["datagram", "stream"];

describe.each(kinds)("over a slow %s", (kind) => {
  const wrap = (factory: PeerWorld["factory"], clock: PeerWorld["clock"]) =>
    new LagSocketFactory(factory, { clock, bandwidthBytesPerSecond: 100_000, random: () => 0.5 });

  test("each message that was taken arrives, or is too old and counted", async () => {
    const { world, client } = await PeerWorld.connected({ kind, wrap });
    let taken = 0;
    for (let turn = 0; turn < 40; turn++) {
      for (let count = 0; count < 10; count++) {
        if (client.send(new Uint8Array(MESSAGE_BYTES), Channel.Sequenced, 0, 0, MESSAGE_BYTES, 100)) taken++;
      }
      await world.run(20);
    }
    await world.run(3000);
    const { messagesExpired, messagesRefused } = client.metrics;
    expect(messagesExpired).toBeGreaterThan(50);
    expect(messagesRefused).toBe(400 - taken);
    expect(world.serverHandler.messages.length + messagesExpired + client.metrics.packetsLost).toBe(taken);
  });

  test("a full queue is refused, and drains", async () => {
    const { world, client, clientHandler } = await PeerWorld.connected({ kind, wrap });
    let taken = 0;
    while (client.send(new Uint8Array(MESSAGE_BYTES), Channel.Unreliable)) taken++;
    expect(taken).toBe(65);
    await world.run(5);
    while (client.send(new Uint8Array(MESSAGE_BYTES), Channel.Unreliable)) taken++;
    await world.run(3000);
    expect(clientHandler.drains).toBeGreaterThan(0);
    expect(world.serverHandler.messages.length + client.metrics.packetsLost).toBe(taken);
  });
});

describe("over GNS", () => {
  let world: RealPeers | null = null;

  afterEach(async () => {
    await world?.close();
  });

  test("each message that was taken arrives, or is too old and counted", async () => {
    world = new RealPeers(gns({ sendRate: 100_000 }));
    await world.listen();
    const { client, serverUser } = await world.pair();
    let taken = 0;
    while (client.send(new Uint8Array(MESSAGE_BYTES), Channel.Sequenced, 0, 0, MESSAGE_BYTES, 20)) taken++;
    expect(taken).toBe(65);
    client.flush();
    // What GNS has taken needs 200 ms.
    expect(client.bufferedBytes).toBeGreaterThan(32 * 1024);
    client.send(new Uint8Array(1));
    await serverUser.until(() => serverUser.messages.some(({ channel }) => channel === Channel.Reliable));
    await serverUser.until(() => serverUser.messages.length - 1 + client.metrics.messagesExpired >= taken);
    expect(client.metrics.messagesExpired).toBeGreaterThan(taken / 2);
  });
});
