import { describe, test } from "vitest";
import { MemoryNetwork, MemorySocketFactory } from "../../../lib/socket/index.js";
import { FakeClock, seededRandom, socketConformance } from "../../../lib/testing/index.js";

/** A host's handle says of nothing that it waits, and its packets do not wait for whoever has awaited `connect`. */
const isExempt = (kind: string, name: string) =>
  kind === "host" &&
  ["handlers may send, disconnect and close", "full queues are bounded, and writable again"].includes(name);

describe.each(["datagram", "reliable-lanes", "stream", "host"] as const)("memory sockets, %s", (kind) => {
  const clock = new FakeClock();
  const createFactory = () =>
    new MemorySocketFactory(new MemoryNetwork({ clock, random: seededRandom(1) }), { kind, port: 0 });
  for (const { name, run } of socketConformance({ createFactory, clock })) test.skipIf(isExempt(kind, name))(name, run);
});
