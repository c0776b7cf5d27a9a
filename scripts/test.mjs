// npm test: installs and builds what is missing, then lints, builds the binary that ships, and runs the tests.
// Arguments go to vitest, and then there is no lint and no such build: `npm test -- test/valve` tests one folder.
import { join } from "node:path";
import { natsServer } from "./nats-server.mjs";
import { root } from "./paths.mjs";
import { main, run } from "./run.mjs";
import { setup } from "./setup.mjs";
import { ensureSystemPackages, testPackages } from "./system-packages.mjs";

await main(async () => {
  const vitest = process.argv.slice(2);
  ensureSystemPackages(testPackages);
  await setup("--bench");
  await natsServer();
  if (vitest.length === 0) {
    run(process.execPath, ["scripts/lint.mjs"]);
    run(process.execPath, ["scripts/house.mjs", "--short"]);
    run(process.execPath, ["scripts/prebuild.mjs"]);
  }
  run(join(root, "node_modules", ".bin", "vitest"), ["run", ...vitest]);
});
