import { spawnSync } from "node:child_process";
import { root } from "./paths.mjs";

/** Runs a command in the project folder, shows its output, and throws when it fails. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (result.error) throw result.error;
  if (result.status !== 0) {
    throw new Error(`${command} ${args.join(" ")} failed (${result.signal ?? `exit code ${result.status}`})`);
  }
  return result;
}

/** Says what a script does now, for whoever waits for it. */
export function step(text) {
  console.log(`\n> ${text}`);
}

/** Runs a script's main function. If it throws, the process prints the error's message and exits with code 1. */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    console.error(`\n${error.message}`);
    process.exit(1);
  }
}
