// The platforms that get a binary. Another platform is another row.
import { join } from "node:path";
import { root } from "./paths.mjs";

/** Up to 2.33, glibc has these as separate libraries. The loader is needed by name for thread-local variables. */
const glibc = { newestGlibc: "2.28", needed: ["libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2"] };
const CORE_FOUNDATION = "/System/Library/Frameworks/CoreFoundation.framework/Versions/A/CoreFoundation";
const macos = { oldestMacos: "11.0", needed: ["/usr/lib/libSystem.B.dylib", CORE_FOUNDATION] };
/** Libraries of Windows 10. A dozen of them are the C library. */
const crt = "convert environment heap locale math multibyte private runtime stdio string time utility".split(" ");
const windows = [
  ...["bcrypt", "dbghelp", "iphlpapi", "kernel32", "winmm", "ws2_32"].map((name) => `${name}.dll`),
  ...crt.map((name) => `api-ms-win-crt-${name}-l1-1-0.dll`),
];

/** The definitions by which CMake compiles for another system. */
const cmake = (system, processor) => ({ CMAKE_SYSTEM_NAME: system, CMAKE_SYSTEM_PROCESSOR: processor });

/**
 * `build` is all that compiling depends on: zig's target, which names the oldest supported system; OpenSSL's name of
 * the platform (null on Windows, which itself has what GNS needs); and CMake's definitions. `limits` is what the binary
 * may require of the system.
 */
export const platforms = [
  {
    name: "linux-x64",
    os: "linux",
    arch: "x64",
    libc: "glibc",
    build: { zigTarget: "x86_64-linux-gnu.2.28", opensslTarget: "linux-x86_64", cmake: cmake("Linux", "x86_64") },
    limits: { ...glibc, needed: [...glibc.needed, "ld-linux-x86-64.so.2"] },
  },
  {
    name: "linux-arm64",
    os: "linux",
    arch: "arm64",
    libc: "glibc",
    build: { zigTarget: "aarch64-linux-gnu.2.28", opensslTarget: "linux-aarch64", cmake: cmake("Linux", "aarch64") },
    limits: { ...glibc, needed: [...glibc.needed, "ld-linux-aarch64.so.1"] },
  },
  {
    name: "linux-x64-musl",
    os: "linux",
    arch: "x64",
    libc: "musl",
    build: { zigTarget: "x86_64-linux-musl", opensslTarget: "linux-x86_64", cmake: cmake("Linux", "x86_64") },
    limits: { needed: ["libc.so"] },
  },
  {
    name: "linux-arm64-musl",
    os: "linux",
    arch: "arm64",
    libc: "musl",
    build: { zigTarget: "aarch64-linux-musl", opensslTarget: "linux-aarch64", cmake: cmake("Linux", "aarch64") },
    limits: { needed: ["libc.so"] },
  },
  {
    name: "win32-x64",
    os: "win32",
    arch: "x64",
    build: { zigTarget: "x86_64-windows-gnu", opensslTarget: null, cmake: cmake("Windows", "x86_64") },
    limits: { needed: windows },
  },
  {
    name: "darwin-x64",
    os: "darwin",
    arch: "x64",
    build: { zigTarget: "x86_64-macos.11.0", opensslTarget: "darwin64-x86_64", cmake: cmake("Darwin", "x86_64") },
    limits: macos,
  },
  {
    name: "darwin-arm64",
    os: "darwin",
    arch: "arm64",
    build: { zigTarget: "aarch64-macos.11.0", opensslTarget: "darwin64-arm64", cmake: cmake("Darwin", "arm64") },
    limits: macos,
  },
];

export function platformNamed(name) {
  const platform = platforms.find((row) => row.name === name);
  if (platform) return platform;
  throw new Error(`There is no recipe for ${name}; there is one for: ${platforms.map((row) => row.name).join(", ")}`);
}

/**
 * The path of a platform's binary, where node-gyp-build looks for it.
 * @param {{ os: string, arch: string, libc?: string }} platform
 */
export function binaryOf({ os, arch, libc }) {
  return join(root, "prebuilds", `${os}-${arch}`, `valve-sockets.${libc ? `${libc}.` : ""}node`);
}
