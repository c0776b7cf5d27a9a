// Adding the package runs nothing and warns of nothing, whatever a package manager does about scripts by default: npm
// and Yarn 1 build a package that has a binding.gyp, npm 12, pnpm, Bun and Yarn 4 say that they did not.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { addTo, linesAboutBuilding, managers } from "../support/managers.js";
import { ensurePrebuilt, pack, temporaryFolder } from "../support/packed.js";
import { root } from "../support/runtimes.js";

const all = managers().map((manager) => [manager.name, manager] as const);
const { folder, remove } = temporaryFolder();
let tarball: string;
let withGyp: string;

beforeAll(() => {
  ensurePrebuilt();
  tarball = pack(folder).tarball;
  const bad = join(folder, "package");
  mkdirSync(bad);
  writeFileSync(join(bad, "package.json"), '{ "name": "valve-sockets", "version": "1.0.0" }');
  writeFileSync(join(bad, "binding.gyp"), '{ "targets": [] }');
  withGyp = join(folder, "with-gyp.tgz");
  execFileSync("tar", ["-czf", withGyp, "-C", folder, "package"]);
}, 900_000);
afterAll(remove);

describe("without a compiler and Python on PATH", { timeout: 300_000 }, () => {
  test.concurrent.for(all)("%s adds and installs the package, and it works", async ([, manager], context) => {
    const { expect } = context;
    const place = temporaryFolder();
    context.onTestFinished(place.remove);
    const project = await addTo(place.folder, tarball, manager);
    for (const step of project.steps) {
      expect(step.code, step.output).toBe(0);
      expect(linesAboutBuilding(step)).toEqual([]);
    }
    copyFileSync(join(root, "test", "package", "exchange.cjs"), join(project.folder, "exchange.cjs"));
    const report = 'require("./exchange.cjs").report(require("valve-sockets"));';
    const { code, output } = await project.node("--eval", report);
    expect(code, output).toBe(0);
    const { answers, addons } = JSON.parse(output);
    expect(answers).toBe(100);
    expect(addons).toEqual([expect.stringContaining("prebuilds/linux-x64/valve-sockets.glibc.node")]);
  });

  // Bun looks only at what package.json says about scripts.
  const attentive = all.filter(([name]) => !name.startsWith("Bun"));
  test.concurrent.for(attentive)("%s says so when a package has a binding.gyp", async ([, manager], context) => {
    const place = temporaryFolder();
    context.onTestFinished(place.remove);
    const { steps } = await addTo(place.folder, withGyp, manager);
    context.expect(steps.flatMap(linesAboutBuilding)).not.toEqual([]);
  });
});
