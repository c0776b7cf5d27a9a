import { expect, test } from "vitest";
import { MemoryEngine } from "../../../lib/rooms/engine/index.js";
import { describeEngine } from "./conformance/index.js";
import { bytes, text } from "./conformance/world.js";

describeEngine("MemoryEngine", async () => {
  const engine = new MemoryEngine();
  const ends = new Set<MemoryEngine>();
  return {
    open: async () => {
      const end = engine.link();
      ends.add(end);
      return end;
    },
    outage: async () => {
      for (const end of ends) end.disconnect();
    },
    back: async () => {
      for (const end of ends) end.reconnect();
    },
    close: () => engine.close(),
  };
});

test("one end may lose its link alone; its copy then follows what the others did, deletions included", async () => {
  const engine = new MemoryEngine();
  const [reader, writer] = [engine.link(), engine.link()];
  const bucket = await writer.bucket("rooms");
  const [kept, deleted] = [await bucket.create("kept", bytes("1")), await bucket.create("deleted", bytes("1"))];
  const heard: [string, string | undefined][] = [];
  const watch = await (await reader.bucket("rooms")).watch(({ key, entry }) => heard.push([key, text(entry?.value)]));
  reader.disconnect();
  await bucket.update("kept", bytes("2"), kept);
  await bucket.delete("deleted", deleted);
  await bucket.create("new", bytes("1"));
  expect([watch.isCurrent, watch.size, text(watch.get("kept")?.value)]).toEqual([false, 2, "1"]);
  reader.reconnect();
  await (await reader.bucket("rooms")).get("kept");
  expect([watch.isCurrent, [...watch.entries()].map(({ key }) => key)]).toEqual([true, ["kept", "new"]]);
  expect(heard.slice(2)).toEqual([
    ["deleted", undefined],
    ["kept", "2"],
    ["new", "1"],
  ]);
});
