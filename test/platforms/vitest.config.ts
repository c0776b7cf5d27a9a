import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { PlatformTable } from "./table.js";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  root: here("../.."),
  test: {
    include: ["test/platforms/**/*.test.ts"],
    globalSetup: here("../support/build-dist.ts"),
    reporters: ["default", new PlatformTable()],
    fileParallelism: false,
    // Limits for hangs; emulators are slow.
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
});
