import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { NetworkError } from "../network-error.js";
import type { NativeAddon } from "./native.js";

const require = createRequire(import.meta.url);

/** Node's event loop library may be used in Node only: Bun aborts the process and Deno never answers. */
export const mayUseUv = "node" in process.versions && !("bun" in process.versions) && !("deno" in process.versions);

/** "linux-x64 (glibc)": what a binary has to be made for. */
function platformName(): string {
  const name = `${process.platform}-${process.arch}`;
  if (process.platform !== "linux") return name;
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return `${name} (${header?.glibcVersionRuntime ? "glibc" : "musl"})`;
}

/** The names of the binaries that came with the package: `prebuilds/<platform>/<name>.<libc>.node`. */
function packedPlatforms(root: string): string[] {
  const folder = join(root, "prebuilds");
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((platform) =>
    readdirSync(join(folder, platform)).map((file) => {
      const libc = /\.(glibc|musl)\.node$/.exec(file)?.[1];
      return libc ? `${platform} (${libc})` : platform;
    }),
  );
}

/**
 * Loads the addon: `build/Release` when this is a source tree, else the binary for this platform in `prebuilds/`.
 * @throws {NetworkError} `ERR_NO_BINARY` when there is none; a binary that the system refuses throws its own error.
 */
export function loadAddon(): NativeAddon {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  try {
    return require("node-gyp-build")(root) as NativeAddon;
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("No native build was found")) throw error;
    const packed = packedPlatforms(root).join(", ") || "none";
    throw new NetworkError(
      "ERR_NO_BINARY",
      `valve-sockets has no binary for ${platformName()}. There are binaries for: ${packed}. To build one from source, ` +
        `with CMake, a C++17 compiler, Rust, protobuf and OpenSSL installed, type:\n\n` +
        `  node "${join(root, "scripts", "build.mjs")}" --addon-only\n`,
    );
  }
}
