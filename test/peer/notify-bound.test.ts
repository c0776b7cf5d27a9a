import { expect, test } from "vitest";
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
