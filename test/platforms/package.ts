import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { addons } from "../../scripts/platforms.mjs";
import { install, pack, temporaryFolder } from "../support/packed.js";
import { runtimes } from "../support/runtimes.js";

/** A folder with both packed packages installed and `program.mjs` next to them, for the tests of one file. */
export function useInstalledPackage(): string {
  const { folder, remove } = temporaryFolder();
  beforeAll(() => {
    const [runtime] = runtimes();
    if (!runtime) throw new Error("there is no runtime");
    install([pack(folder).tarball, pack(folder, addons.webTransport.folder).tarball], folder, runtime);
    for (const name of ["program.mjs", "web-transport.mjs"]) {
      copyFileSync(fileURLToPath(new URL(name, import.meta.url)), join(folder, name));
    }
  }, 180_000);
  afterAll(remove);
  return folder;
}
