// npm pack and npm publish: builds dist, which a fresh clone does not have, and names the binaries that are missing in
// prebuilds. Without all of them nothing is published.
import { existsSync } from "node:fs";
import { binaryOf, platforms } from "./platforms.mjs";
import { main, run } from "./run.mjs";

await main(() => {
  run("npm", ["run", "build:types"]);
  const missing = platforms.filter((platform) => !existsSync(binaryOf(platform))).map(({ name }) => name);
  if (missing.length === 0) return;
  const text = `No binary for ${missing.join(", ")}: type npm run prebuild -- --all`;
  if (process.env.npm_command === "publish") throw new Error(text);
  console.warn(text);
});
