import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkoutCache } from "../../scripts/paths.mjs";

/** Where `npm run compile -- --bench` puts the C++ program. */
export const gnsPeer = join(checkoutCache("cmake"), "bench", "gns-peer");

export function requireGnsPeer() {
  if (!existsSync(gnsPeer)) throw new Error("gns-peer is not built: run `npm run compile -- --bench`");
  return gnsPeer;
}
