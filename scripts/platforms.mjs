/**
 * The platforms that get a binary; a new one is a new row.
 * `zigTarget` names the oldest glibc that the binary may need; `needed` lists the only libraries it may ask for.
 */
export const platforms = [
  {
    name: "linux-x64",
    os: "linux",
    arch: "x64",
    libc: "glibc",
    zigTarget: "x86_64-linux-gnu.2.28",
    opensslTarget: "linux-x86_64",
    cmake: { CMAKE_SYSTEM_NAME: "Linux", CMAKE_SYSTEM_PROCESSOR: "x86_64" },
    newestGlibc: "2.28",
    needed: ["libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "ld-linux-x86-64.so.2"],
  },
];

export function platformNamed(name) {
  const platform = platforms.find((row) => row.name === name);
  if (platform) return platform;
  throw new Error(`There is no recipe for ${name}; there is one for: ${platforms.map((row) => row.name).join(", ")}`);
}
