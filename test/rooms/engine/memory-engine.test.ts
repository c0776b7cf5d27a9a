import { MemoryEngine } from "../../../lib/rooms/engine/index.js";
import { describeEngine } from "./conformance/index.js";

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
