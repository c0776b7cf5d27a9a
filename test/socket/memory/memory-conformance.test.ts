import { describe, test } from "vitest";
import { MemoryNetwork, MemorySocketFactory } from "../../../lib/socket/index.js";
import { FakeClock, seededRandom, socketConformance } from "../../../lib/testing/index.js";

describe.each(["datagram", "reliable-lanes", "stream"] as const)("memory sockets, %s", (kind) => {
  const clock = new FakeClock();
  const createFactory = () =>
    new MemorySocketFactory(new MemoryNetwork({ clock, random: seededRandom(1) }), { kind, port: 0 });
  for (const { name, run } of socketConformance({ createFactory, clock })) test(name, run);
});
