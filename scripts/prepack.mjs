// npm pack and npm publish of either package: builds the dist of the main one, which a fresh clone does not have, and
// names the binaries that are missing in prebuilds. Without all of them nothing is published.
import { existsSync } from "node:fs";
import { addons, binaryOf, platforms } from "./platforms.mjs";
import { main, run } from "./run.mjs";

await main(() => {
  const addon = Object.values(addons).find(({ name }) => name === process.env.npm_package_name) ?? addons.main;
  if (addon === addons.main) run("npm", ["run", "build:types"]);
  const missing = platforms.filter((platform) => !existsSync(binaryOf(platform, addon))).map(({ name }) => name);
  if (missing.length === 0) return;
  const text = `${addon.name} has no binary for ${missing.join(", ")}: type npm run prebuild -- --all`;
  if (process.env.npm_command === "publish") throw new Error(text);
  console.warn(text);
});
