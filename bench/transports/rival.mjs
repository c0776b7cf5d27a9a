import { createRequire } from "node:module";

const require = createRequire(new URL("../rivals/package.json", import.meta.url));

/** A package of bench/rivals, which has dependencies of its own. */
export function rival(name) {
  return require(name);
}
