// The platforms that get a binary. Another platform is another row.
import { join } from "node:path";
import { root } from "./paths.mjs";

/** Up to 2.33, glibc has these as separate libraries. The loader is needed by name for thread-local variables. */
const glibc = { newestGlibc: "2.28", needed: ["libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2"] };
const CORE_FOUNDATION = "/System/Library/Frameworks/CoreFoundation.framework/Versions/A/CoreFoundation";
const macos = { oldestMacos: "11.0", needed: ["/usr/lib/libSystem.B.dylib", CORE_FOUNDATION] };
/** Libraries of Windows 10. A dozen of them are the C library; Rust's standard library needs the second row. */
const crt = "convert environment heap locale math multibyte private runtime stdio string time utility".split(" ");
const windows = [
  ...["bcrypt", "dbghelp", "iphlpapi", "kernel32", "winmm", "ws2_32"].map((name) => `${name}.dll`),
  ...["advapi32", "api-ms-win-core-synch-l1-2-0", "bcryptprimitives", "ntdll"].map((name) => `${name}.dll`),
  ...crt.map((name) => `api-ms-win-crt-${name}-l1-1-0.dll`),
];

/** The definitions by which CMake compiles for another system. */
const cmake = (system, processor) => ({ CMAKE_SYSTEM_NAME: system, CMAKE_SYSTEM_PROCESSOR: processor });

/** A platform of Linux, where `zig`, `openssl` and `loader` are the names of the processor there. */
const linux = (arch, libc, { zig, openssl, loader }) => ({
  ...{ name: `linux-${arch}${libc === "musl" ? "-musl" : ""}`, os: "linux", arch, libc },
  rust: `${zig}-unknown-linux-${libc === "glibc" ? "gnu" : libc}`,
  build: {
    zigTarget: `${zig}-linux-${libc === "glibc" ? `gnu.${glibc.newestGlibc}` : libc}`,
    ...{ opensslTarget: openssl, cmake: cmake("Linux", zig) },
  },
  limits: libc === "glibc" ? { ...glibc, needed: [...glibc.needed, loader] } : { needed: ["libc.so"] },
});
const x64 = { zig: "x86_64", openssl: "linux-x86_64", loader: "ld-linux-x86-64.so.2" };
const arm64 = { zig: "aarch64", openssl: "linux-aarch64", loader: "ld-linux-aarch64.so.1" };

/** A platform of macOS, where zig and Apple have their own names of the processor. */
const darwin = (arch, zig, apple) => ({
  ...{ name: `darwin-${arch}`, os: "darwin", arch, rust: `${zig}-apple-darwin` },
  build: {
    zigTarget: `${zig}-macos.${macos.oldestMacos}`,
    ...{ opensslTarget: `darwin64-${apple}`, cmake: cmake("Darwin", apple) },
  },
  limits: macos,
});

/**
 * `build` is all that compiling depends on: zig's target, which names the oldest supported system; OpenSSL's name of
 * the platform (null on Windows, which itself has what GNS needs); and CMake's definitions. `rust` is Rust's name of
 * it, and `limits` is what the binaries may require of the system.
 */
export const platforms = [
  linux("x64", "glibc", x64),
  linux("arm64", "glibc", arm64),
  linux("x64", "musl", x64),
  linux("arm64", "musl", arm64),
  {
    ...{ name: "win32-x64", os: "win32", arch: "x64", limits: { needed: windows } },
    rust: "x86_64-pc-windows-gnullvm", // of GNU's and Microsoft's, the one that links with clang alone
    build: { zigTarget: "x86_64-windows-gnu", opensslTarget: null, cmake: cmake("Windows", "x86_64") },
  },
  darwin("x64", "x86_64", "x86_64"),
  darwin("arm64", "aarch64", "arm64"),
];

export function platformNamed(name) {
  const platform = platforms.find((row) => row.name === name);
  if (platform) return platform;
  throw new Error(`There is no recipe for ${name}; there is one for: ${platforms.map((row) => row.name).join(", ")}`);
}

/** The packages with a binary for each platform: their folders, and the targets of CMakeLists.txt. */
export const addons = {
  main: { name: "valve-sockets", folder: root, target: "valve_sockets" },
  webTransport: {
    name: "valve-sockets-webtransport",
    folder: join(root, "packages", "webtransport"),
    target: "valve_sockets_webtransport",
  },
};

/**
 * The path of a platform's binary, where node-gyp-build looks for it.
 * @param {{ os: string, arch: string, libc?: string }} platform
 */
export function binaryOf({ os, arch, libc }, { name, folder } = addons.main) {
  return join(folder, "prebuilds", `${os}-${arch}`, `${name}.${libc ? `${libc}.` : ""}node`);
}
