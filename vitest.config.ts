import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/platforms/**"], // npm run test:platforms
    globalSetup: "test/support/build-dist.ts",
    // GNS and its configuration exist once per process, so every test file has a process of its own.
    pool: "forks",
    isolate: true,
    maxWorkers: 2,
    maxConcurrency: 10,
    execArgv: ["--expose-gc"],
    // A limit for hangs; nothing is measured by it.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
