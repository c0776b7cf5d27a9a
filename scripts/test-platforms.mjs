// npm run test:platforms: every binary that ships, run where something here can run it and checked where not.
// docs/platforms.md says which is which. Arguments go to vitest.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { binaryOf, platforms } from "./platforms.mjs";
import { main, run } from "./run.mjs";
import { setup } from "./setup.mjs";
import { emulatorPackages, ensureSystemPackages } from "./system-packages.mjs";

await main(async () => {
  ensureSystemPackages(emulatorPackages);
  await setup();
  if (!platforms.every((platform) => existsSync(binaryOf(platform)))) {
    run(process.execPath, ["scripts/prebuild.mjs", "--all"]);
  }
  const config = join("test", "platforms", "vitest.config.ts");
  run(join(root, "node_modules", ".bin", "vitest"), ["run", "--config", config, ...process.argv.slice(2)]);
});
