// npm run test:platforms: tests every binary that ships: runs it where this machine has something that can, and else
// checks it. docs/platforms.md says which are run. Arguments go to vitest.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.mjs";
import { addons, binaryOf, platforms } from "./platforms.mjs";
import { main, run } from "./run.mjs";
import { setup } from "./setup.mjs";
import { emulatorPackages, ensureSystemPackages } from "./system-packages.mjs";

await main(async () => {
  ensureSystemPackages(emulatorPackages);
  await setup();
  const all = Object.values(addons).flatMap((addon) => platforms.map((platform) => binaryOf(platform, addon)));
  if (!all.every((file) => existsSync(file))) {
    run(process.execPath, ["scripts/prebuild.mjs", "--all"]);
  }
  const config = join("test", "platforms", "vitest.config.ts");
  run(join(root, "node_modules", ".bin", "vitest"), ["run", "--config", config, ...process.argv.slice(2)]);
});
