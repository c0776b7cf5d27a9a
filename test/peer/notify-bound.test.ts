import { expect, test } from "vitest";
import type { IConnection } from "../../lib/peer/index.js";
import { PeerWorld, text } from "../support/peer-world.js";

test("over a stream, at most 8192 notify messages wait for a side that acknowledges none", async () => {
  const world = new PeerWorld({ kind: "stream", client: { drive: "manual" } });
  await world.listen();
  const { peer, connection } = world.dial();
  let client: Awaited<typeof connection> | null = null;
  void connection.then((opened) => {
    client = opened;
  });
  while (!client) {
    peer.updateReceive();
    peer.updateSent();
    await world.run(5);
  }
  world.isCut = true;
  let lost = 0;
  let delivered = 0;
  const callbacks = { onDelivered: () => delivered++, onLost: () => lost++ };
  for (let count = 0; count < 10_000; count++) {
    (client as Awaited<typeof connection>).sendNotify(text("n"), callbacks);
    if (count % 10 === 9) peer.updateSent();
  }
  expect({ delivered, lost }).toEqual({ delivered: 0, lost: 10_000 - 8190 });
});

test.each(["datagram", "reliable-lanes", "stream"] as const)(
  "over %s, a notify message is delivered to a receiver that stands still for half a second",
  async (kind) => {
    const world = new PeerWorld({ kind, server: { drive: "manual" } });
    await world.listen();
    const turn = () => {
      world.server.updateReceive();
      world.server.updateSent();
    };
    const { connection } = world.dial();
    const opened: IConnection[] = [];
    void connection.then((client) => opened.push(client));
    // A round trip that was measured is far shorter than the one that is assumed.
    while (!opened[0]?.roundTripTimeMs) {
      turn();
      await world.run(5);
    }
    const fates: string[] = [];
    opened[0].sendNotify(text("n"), {
      onDelivered: () => fates.push("delivered"),
      onLost: () => fates.push("lost"),
    });
    await world.run(500);
    expect(fates).toEqual([]);
    for (let passed = 0; passed < 100; passed += 5) {
      turn();
      await world.run(5);
    }
    expect(fates).toEqual(["delivered"]);
  },
);
