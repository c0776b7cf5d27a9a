import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkoutCache } from "../../scripts/paths.mjs";

/** The headers of GNS that the addon was compiled with, without comments and preprocessor lines. */
export function readGnsHeaders(): Map<string, string> {
  const cache = readFileSync(join(checkoutCache("cmake"), "CMakeCache.txt"), "utf8");
  const cmake = /^GameNetworkingSockets_DIR:PATH=(.+)$/m.exec(cache)?.[1];
  if (cmake === undefined) throw new Error("The build tree does not say where GameNetworkingSockets is");
  const folder = join(cmake, "..", "..", "..", "include", "GameNetworkingSockets", "steam");
  const headers = new Map<string, string>();
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), "utf8");
    const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");
    headers.set(name, code.replace(/^\s*#(?:.*\\\n)*.*$/gm, ""));
  }
  return headers;
}
