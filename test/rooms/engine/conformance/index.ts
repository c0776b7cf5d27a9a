import { describe } from "vitest";
import { testMessages } from "./messages.js";
import { testStorage } from "./storage.js";
import { type EngineWorld, useWorld } from "./world.js";

/** What every engine promises. */
export function describeEngine(name: string, makeWorld: () => Promise<EngineWorld>): void {
  describe(name, () => {
    const world = useWorld(makeWorld);
    testStorage(world);
    testMessages(world);
  });
}
