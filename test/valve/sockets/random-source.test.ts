import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");
/** A user and mount namespace, in which /dev can be empty. */
const hide = ["--user", "--map-root-user", "--mount", "sh", "-c", 'mount -t tmpfs none /dev && exec "$@"', "sh"];
const canHide = process.platform === "linux" && spawnSync("unshare", [...hide, "true"]).status === 0;

test.skipIf(!canHide)("without /dev/urandom initialize says so, where GNS would end the process", () => {
  const program = `
    const { Library } = await import(${JSON.stringify(join(root, "dist/index.js"))});
    console.log(Library.initialize(), Library.lastError.name, Library.lastError.code, Library.lastError.message);`;
  const node = [process.execPath, "--input-type=module", "-e", program];
  const { status, stdout } = spawnSync("unshare", [...hide, ...node], { encoding: "utf8" });
  expect({ status, stdout }).toEqual({
    status: 0,
    stdout: "false NetworkError ERR_FAILED GameNetworkingSockets needs /dev/urandom: No such file or directory\n",
  });
});
