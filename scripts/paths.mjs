import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What is slow to build lives here, outside the tree, so that a fresh clone finds it again. */
export const cache =
  process.env.VALVE_SOCKETS_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "valve-sockets");

/** A folder for this checkout alone: CMake ties its build tree to one source folder. */
export function checkoutCache(name) {
  const id = createHash("sha256").update(root).digest("hex").slice(0, 12);
  return join(cache, "checkouts", id, name);
}
