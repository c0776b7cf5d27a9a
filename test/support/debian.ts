import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cache } from "../../scripts/paths.mjs";

/** The file `path` of a Debian package, which is unpacked into the cache. It is not installed: nothing starts. */
export function fromDebian(name: string, path: string): string {
  const folder = join(cache, "debian", name);
  const file = join(folder, path);
  if (existsSync(file)) return file;
  mkdirSync(join(cache, "debian"), { recursive: true });
  const unfinished = mkdtempSync(`${folder}.unfinished-`);
  execFileSync("apt-get", ["download", name], { cwd: unfinished, stdio: "ignore" });
  const [archive = ""] = readdirSync(unfinished);
  execFileSync("dpkg-deb", ["-x", archive, "."], { cwd: unfinished });
  rmSync(folder, { recursive: true, force: true });
  renameSync(unfinished, folder);
  return file;
}
