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
    // Tests of the heap count what V8's optimised code takes. A compiler in a thread of its own comes late on a busy
    // machine, and slower code takes more.
    execArgv: ["--expose-gc", "--no-concurrent-recompilation"],
    // A limit for hangs; nothing is measured by it.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
