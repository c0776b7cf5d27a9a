import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { install, pack, temporaryFolder } from "../support/packed.js";
import { runtimes } from "../support/runtimes.js";

/** A folder with the packed package installed and `program.mjs` next to it, for the tests of one file. */
export function useInstalledPackage(): string {
  const { folder, remove } = temporaryFolder();
  beforeAll(() => {
    const [runtime] = runtimes();
    if (!runtime) throw new Error("there is no runtime");
    install(pack(folder).tarball, folder, runtime);
    copyFileSync(fileURLToPath(new URL("program.mjs", import.meta.url)), join(folder, "program.mjs"));
  }, 180_000);
  afterAll(remove);
  return folder;
}
