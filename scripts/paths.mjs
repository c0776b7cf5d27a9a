import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Slow builds are kept here, outside the project, so that a fresh clone can use them too. */
export const cache =
  process.env.VALVE_SOCKETS_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "valve-sockets");

/** A cache folder for this checkout alone: a CMake build tree belongs to one source folder. */
export function checkoutCache(name) {
  const id = createHash("sha256").update(root).digest("hex").slice(0, 12);
  return join(cache, "checkouts", id, name);
}
