// npm run test:stress: the leak test at full length, 100,000 connections with each driver.
import { join } from "node:path";
import { root } from "./paths.mjs";
import { main, run } from "./run.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  await setup();
  run(process.execPath, [join(root, "node_modules", "vitest", "vitest.mjs"), "run", "test/valve/leak.test.ts"], {
    env: { ...process.env, VALVE_SOCKETS_STRESS: "1" },
  });
});
