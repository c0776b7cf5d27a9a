// Checks for the Debian packages that a build needs, and installs the missing ones if it may.
import { spawnSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { main, run } from "./run.mjs";

/** What `npm run compile` needs: bindgen, which the GNS crate uses, needs libclang; GNS needs protobuf and OpenSSL. */
export const buildPackages = [
  "cmake",
  "g++",
  "make",
  "clang",
  "libclang-dev",
  "protobuf-compiler",
  "libprotobuf-dev",
  "libssl-dev",
  "pkg-config",
];
/** What `npm run prebuild` needs in addition: OpenSSL's build is written in Perl. */
export const prebuildPackages = ["perl"];
/** What `npm run prebuild` needs for WebTransport on other platforms: a compiler with the sources of its library. */
export const rustSourcePackages = ["rustc-web", "rust-web-src"];
const browserPackages = ["chromium", "libnss3-tools"];
/** What `npm test` needs in addition: tools, a browser, and a program that speaks. */
export const testPackages = ["clang-format", "iproute2", "nftables", "openssl", ...browserPackages, "espeak-ng", "sox"];
/** What `npm run test:platforms` needs in addition, to run binaries of other systems and processors. */
export const emulatorPackages = ["qemu-user-static", "libc6-arm64-cross", "libstdc++6-arm64-cross", "wine", "wine64"];

function isInstalled(name) {
  const query = spawnSync("dpkg", ["--status", name], { encoding: "utf8" });
  return query.status === 0 && query.stdout.includes("Status: install ok installed");
}

/** Installs the packages that are missing. If it may not, it throws an error that says what to type. */
export function ensureSystemPackages(names) {
  if (spawnSync("dpkg-query", ["--version"]).error) return; // not Debian: the build fails where a package is missing
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...missing];
  const asRoot = process.getuid() === 0;
  if (!asRoot && spawnSync("sudo", ["-n", "true"]).status !== 0) {
    throw new Error(`The build needs packages that are not installed. Type:\n\n  sudo ${install.join(" ")}\n`);
  }
  console.log(`Installing ${missing.join(", ")}`);
  const prefix = asRoot ? [] : ["sudo", "-n"];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args) => {
    const [command, ...rest] = [...prefix, ...args];
    run(command, rest, { env, stdio: ["ignore", "ignore", "inherit"] });
  };
  apt("apt-get", "update");
  apt(...install);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(() => ensureSystemPackages([...buildPackages, ...(process.argv.includes("--test") ? testPackages : [])]));
}
