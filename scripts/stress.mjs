// npm run test:stress: the tests that are long: 100,000 connections with each driver, 10 million hostile packets, 1000
// players for a minute, streams of 100 MB, floods of 10,000 new connections a second beside 50 players.
import { join } from "node:path";
import { root } from "./paths.mjs";
import { main, run } from "./run.mjs";
import { setup } from "./setup.mjs";

const files = [
  "test/valve/leak.test.ts",
  "test/peer/fuzz.test.ts",
  "test/peer/crowd.test.ts",
  "test/peer/real-streams.test.ts",
  "test/peer/lossy-traffic.test.ts",
  "test/message/flood.test.ts",
];

await main(async () => {
  await setup();
  run(process.execPath, [join(root, "node_modules", "vitest", "vitest.mjs"), "run", ...files], {
    env: { ...process.env, VALVE_SOCKETS_STRESS: "1" },
  });
});
