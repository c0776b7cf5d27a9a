/** What a `ConnectionGuard` gets from Node.js: lists that outlive the process, and the kernel. See docs/floods.md. */
import { randomUUID } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { checkText, outOfRange } from "../arguments.js";
import { objectOption } from "../options.js";
import { printable } from "../printable.js";
import type { ConnectionGuard } from "./connection-guard.js";

export { type KernelCounters, readKernelCounters, watchKernel } from "./kernel-counters.js";
export { type NftablesRouteOptions, nftablesRoute } from "./nftables-route.js";

const guardOption = objectOption("export", "import");

/**
 * Writes what `guard.export` gives to a file, as JSON. A file that is there is replaced when the new one is complete.
 *
 * @throws Error of `node:fs`; TypeError `ERR_INVALID_ARG_TYPE` for what is no guard or no path
 */
export async function saveGuard(guard: ConnectionGuard, path: string): Promise<void> {
  guardOption("guard", guard);
  checkText("path", path);
  // Two that are under way at once do not write into one file.
  const complete = `${path}.${randomUUID()}.new`;
  try {
    await writeFile(complete, `${JSON.stringify(guard.export())}\n`, { mode: 0o600, flag: "wx", flush: true });
    await rename(complete, path);
  } catch (error) {
    await rm(complete, { force: true });
    throw error;
  }
}

/**
 * Adds what `saveGuard` has written. Time that has passed since then counts.
 *
 * @returns false if there is no such file
 * @throws Error of `node:fs`; RangeError `ERR_OUT_OF_RANGE` for what `saveGuard` has not written; it names the file;
 *   TypeError `ERR_INVALID_ARG_TYPE` for what is no guard or no path
 */
export async function loadGuard(guard: ConnectionGuard, path: string): Promise<boolean> {
  guardOption("guard", guard);
  checkText("path", path);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  try {
    guard.import(JSON.parse(text));
  } catch (cause) {
    const reason = printable((cause as Error).message);
    throw Object.assign(outOfRange(`${path} is no file of saveGuard, or damaged: ${reason}`), { cause });
  }
  return true;
}
