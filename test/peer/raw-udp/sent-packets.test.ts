import { expect, test } from "vitest";
import { SentPackets } from "../../../lib/peer/raw-udp/sent-packets.js";

test("packets that are not acknowledged take few entries", () => {
  const packets = new SentPackets(0);
  for (let count = 0; count < 100_000; count++) packets.begin();
  const few = packets.capacity;
  expect(few).toBeLessThan(256);
  packets.onSent(packets.begin(), 100, 0);
  for (let count = 0; count < 1000; count++) packets.begin();
  // A packet in flight keeps all entries after its own.
  expect(packets.capacity).toBeGreaterThan(1000);
});
