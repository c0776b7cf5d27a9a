import { expect, test } from "vitest";
import type { MemorySocketKind } from "../../lib/socket/index.js";
import { PeerWorld } from "../support/peer-world.js";

const CLIENTS = 100;
/** Of both ends, with the packet of up to 16 KB that each memory socket keeps. */
const MAX_BUFFER_BYTES = 40 * 1024;

function bufferBytes(): number {
  // The memory of an array is counted until the collection after that of the array.
  for (let round = 0; round < 3; round++) gc?.({ type: "major", execution: "sync" });
  return process.memoryUsage().arrayBuffers;
}

const kinds: MemorySocketKind[] = ["datagram", "stream", "reliable-lanes"];
test.each(kinds)("an idle connection holds no buffers that all could share, over %s", async (kind) => {
  const config = { maxConnections: CLIENTS + 1, maxPendingConnections: CLIENTS + 1 };
  const { world } = await PeerWorld.connected({ kind, server: config });
  const before = bufferBytes();
  const dialled = Array.from({ length: CLIENTS }, () => world.dial());
  await world.run(1000, 50);
  expect(world.server.connections).toHaveLength(CLIENTS + 1);
  expect((bufferBytes() - before) / dialled.length).toBeLessThan(MAX_BUFFER_BYTES);
});
