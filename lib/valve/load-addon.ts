import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { NativeAddon } from "./native.js";

const require = createRequire(import.meta.url);

/** Loads the addon: `build/Release` when this is a source tree, else the binary for this platform in `prebuilds/`. */
export function loadAddon(): NativeAddon {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  return require("node-gyp-build")(root) as NativeAddon;
}
