import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkoutCache } from "../../scripts/paths.mjs";

const source = fileURLToPath(new URL("flood.c", import.meta.url));

/** Builds the program that floods, where it is not built yet. @returns its path */
export function buildFlooder() {
  const folder = checkoutCache("flood");
  const program = join(folder, "flood");
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return program;
  mkdirSync(folder, { recursive: true });
  const complete = `${program}.${process.pid}`;
  execFileSync("gcc", ["-O2", "-Wall", "-Wextra", "-o", complete, source], { stdio: ["ignore", "ignore", "inherit"] });
  renameSync(complete, program);
  return program;
}
