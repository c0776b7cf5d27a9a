// The second package, with the binaries of WebTransport, beside the first as npm installs them.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkBinary } from "../../scripts/check-binary.mjs";
import { addons, platformNamed } from "../../scripts/platforms.mjs";
import {
  bareEnvironment,
  ensurePrebuilt,
  install,
  pack,
  prebuiltWebTransport,
  temporaryFolder,
} from "../support/packed.js";
import { root, runtimes } from "../support/runtimes.js";

const { name, folder: source } = addons.webTransport;
const json = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));
const temporary = temporaryFolder();
let main: string;
let second: { tarball: string; files: string[] };

beforeAll(() => {
  ensurePrebuilt();
  main = pack(temporary.folder).tarball;
  second = pack(temporary.folder, source);
}, 900_000);
afterAll(temporary.remove);

test("both packages, the lock file and the peer dependency have one version", () => {
  const { version, peerDependencies } = json("package.json");
  const lock = json("package-lock.json");
  const versions = [lock.version, lock.packages[""].version, lock.packages[""].peerDependencies[name]];
  versions.push(peerDependencies[name], json("packages/webtransport/package.json").version);
  expect(versions).toEqual(versions.map(() => version));
});

test("the package holds the binaries and what is to be said about them, and restricts no platform", () => {
  const documents = ["LICENSE", "README.md", "THIRD_PARTY_NOTICES.md", "package.json", "sbom.cdx.json"];
  expect(second.files.filter((file) => !file.startsWith("prebuilds/")).sort()).toEqual(documents);
  expect(second.files).toContain(`prebuilds/linux-x64/${name}.glibc.node`);
  expect(second.files.filter((file) => file.startsWith("prebuilds/") && !file.endsWith(".node"))).toEqual([]);
  expect(readFileSync(join(source, "LICENSE"), "utf8")).toBe(readFileSync(join(root, "LICENSE"), "utf8"));
  const { os, cpu, dependencies, scripts } = json("packages/webtransport/package.json");
  expect({ os, cpu, dependencies, scripts: Object.keys(scripts) }).toEqual({ scripts: ["prepack"] });
});

test("its binary needs an old glibc and nothing else, and is small", async () => {
  const { binary, problems } = await checkBinary(prebuiltWebTransport, platformNamed("linux-x64"));
  expect(problems).toEqual([]);
  expect(binary.exports).toEqual(["napi_register_module_v1", "node_api_module_get_api_version_v1"]);
  expect(readFileSync(prebuiltWebTransport).length).toBeLessThan(2_200_000);
});

describe.each(runtimes())("$name, without a compiler on PATH", (runtime) => {
  const place = temporaryFolder();
  const installed = join(place.folder, "node_modules", name);
  beforeAll(() => {
    install([main, second.tarball], place.folder, runtime);
    cpSync(join(root, "test", "platforms", "web-transport.mjs"), join(place.folder, "web-transport.mjs"));
  }, 120_000);
  afterAll(place.remove);

  /** What a program says that exchanges messages, as JSON, or on the standard error. */
  function exchange() {
    const program = `
      import { readFileSync } from "node:fs";
      import { exchangeOverWebTransport } from "./web-transport.mjs";
      const { answers, close } = await exchangeOverWebTransport();
      await close();
      const files = readFileSync("/proc/self/maps", "utf8").match(/[^ ]+\\.node$/gm);
      console.log(JSON.stringify({ answers, addons: [...new Set(files)] }));`;
    const env = bareEnvironment(place.folder, runtime.node);
    const options = { cwd: place.folder, env, encoding: "utf8", timeout: 30_000 } as const;
    return spawnSync(runtime.node, ["--input-type=module", "-e", program], options);
  }

  test("a server and a client talk", () => {
    const { stdout, stderr } = exchange();
    const addon = join(installed, "prebuilds", "linux-x64", `${name}.glibc.node`);
    expect({ stderr, said: JSON.parse(stdout || "{}") }).toEqual({
      stderr: "",
      said: { answers: 200, addons: [addon] },
    });
  });

  test("another version is one error that says what to install, and so is no package", () => {
    const { version } = json("package.json");
    const path = join(installed, "package.json");
    const manifest = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...manifest, version: "0.0.9" }));
    const other = exchange();
    expect(other.status).toBe(1);
    expect(other.stderr).toContain(`valve-sockets ${version} needs ${name} of the same version, not 0.0.9`);
    rmSync(installed, { recursive: true });
    const none = exchange();
    expect(none.status).toBe(1);
    for (const { stderr } of [other, none]) {
      expect(stderr).toContain("ERR_MISSING_PACKAGE");
      expect(stderr).toContain(`npm install ${name}@${version}`);
    }
  });
});

test("without all seven binaries neither package is published", () => {
  for (const addon of Object.values(addons)) {
    const copy = temporaryFolder();
    cpSync(join(root, "scripts"), join(copy.folder, "scripts"), { recursive: true });
    const env = { ...process.env, npm_command: "publish", npm_package_name: addon.name };
    const script = join(copy.folder, "scripts", "prepack.mjs");
    if (addon === addons.main)
      writeFileSync(join(copy.folder, "package.json"), '{"scripts":{"build:types":"node -v"}}');
    const run = () =>
      execFileSync(process.execPath, [script], { cwd: copy.folder, env, encoding: "utf8", stdio: "pipe" });
    expect(run).toThrow(`${addon.name} has no binary for linux-x64, linux-arm64`);
    copy.remove();
  }
});
