import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const noise = JSON.stringify(join(root, "dist/noise/node-primitives.js"));
const valve = JSON.stringify(join(root, "dist/valve/certificates/certificates.js"));

// Node 20 can stop for ever when a garbage collection comes while a new key is exported. Without care the first of
// these programs stopped within 10,000 keys.
test.each([
  ["keys", `const { nodePrimitives } = await import(${noise}); make = nodePrimitives().generateKeyPair`, 30_000],
  [
    "authorities",
    `const { createCertificateAuthority } = await import(${valve}); make = createCertificateAuthority`,
    3000,
  ],
])("a process that makes many %s under many garbage collections does not stop", (_name, setup, count) => {
  const program = `let make; ${setup}; for (let i = 0; i < ${count}; i++) make(); console.log("made");`;
  const parameters = ["--max-semi-space-size=1", "--input-type=module", "-e", program];
  const { stdout, stderr } = spawnSync(process.execPath, parameters, { encoding: "utf8", timeout: 50_000 });
  expect({ stdout, stderr }).toEqual({ stdout: "made\n", stderr: "" });
});
