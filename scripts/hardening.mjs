// The defences against memory errors that compilers and linkers offer: the flags that ask for them, and the marks that
// they leave in a binary. scripts/binary.py looks for the marks.

/**
 * The flags for compiling for a platform with zig. zig's linker for Windows makes no tables for Control Flow Guard.
 * macOS authenticates no pointers of programs for plain arm64, and Node is one.
 */
export function hardeningFlags({ os, arch }) {
  const everywhere = ["-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3"];
  if (os !== "linux") return everywhere;
  const branches = arch === "x64" ? "-fcf-protection=full" : "-mbranch-protection=standard";
  return [...everywhere, "-fstack-clash-protection", branches];
}

/**
 * What a binary must have. musl has no checks of buffers, and those for Windows leave no mark. On macOS the addon of
 * WebTransport has no copy whose room the compiler knows and whose length it does not.
 * @param {{ os: string, libc?: string, addon?: string }} binary
 */
export function hardeningMarks({ os, libc, addon }) {
  const everywhere = ["stack protector", "no writable code"];
  if (os === "win32") return [...everywhere, "random addresses"];
  const isUnmarked = libc === "musl" || (os === "darwin" && addon === "valve-sockets-webtransport");
  const fortified = isUnmarked ? [] : ["checked buffers"];
  if (os === "darwin") return [...everywhere, ...fortified];
  return [...everywhere, ...fortified, "stack clash protection", "branch protection", "relocations read-only at start"];
}
