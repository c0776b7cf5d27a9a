import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** Compiles `lib` to `dist`: the programs that tests start import it. */
export default function buildDist(): void {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const cache = ["--incremental", "--tsBuildInfoFile", "node_modules/.cache/dist.tsbuildinfo"];
  const options = { cwd: root, stdio: "inherit" } as const;
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json", ...cache], options);
  execFileSync(process.execPath, ["scripts/inspector-page.mjs"], options);
}
