// npm run outdated:native: compares the packages that are linked in (scripts/components.mjs, scripts/crates.mjs) with
// what the registries have, which it asks through cargo, npm and pip. Ends with exit code 1 when one is behind.
import { execFileSync, spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";
import { sources } from "./components.mjs";
import { linkedCrates } from "./crates.mjs";
import { main } from "./run.mjs";
import { webTransportCrate } from "./web-transport.mjs";

/** How each registry's client is asked for the newest version that is no pre-release, and where its answer has it. */
const clients = {
  cargo: { command: (name) => ["cargo", "info", "--quiet", name], answer: /^version: (\S+)/m },
  npm: { command: (name) => ["npm", "view", name, "version"], answer: /^(\S+)$/m },
  pypi: { command: (name) => ["python3", "-m", "pip", "index", "versions", name], answer: /^\S+ \((\S+)\)$/m },
};

let updates;

/**
 * What cargo would take in place of a crate that its lock file pins. quinn-proto decides which versions of the others
 * can be used with it, so only quinn-proto is compared with the newest that there is.
 */
function newestCrate({ name, version }) {
  if (updates === undefined) {
    const options = { cwd: webTransportCrate, encoding: "utf8" };
    const { status, stderr } = spawnSync("cargo", ["update", "--dry-run", "--color", "never"], options);
    if (status !== 0) throw new Error(`cargo update failed:\n${stderr}`);
    const lines = stderr.matchAll(/Updating (\S+) v(\S+) -> v(\S+)/g);
    updates = new Map([...lines].map(([, crate, from, to]) => [`${crate} ${from}`, to]));
  }
  return updates.get(`${name} ${version}`) ?? version;
}

/** @param {import("./components.mjs").Source} source */
function newestVersion(source) {
  const { registry, name, file } = source;
  if (file.includes("webtransport") && name !== "quinn-proto") return newestCrate(source);
  const { command, answer } = clients[registry];
  const [program, ...args] = command(name);
  // In the project's folder cargo would tell the version that is locked.
  const options = { cwd: tmpdir(), encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
  const version = answer.exec(execFileSync(program, args, options))?.[1];
  if (version === undefined) throw new Error(`${program} does not know ${name}`);
  return version;
}

/**
 * A row for each package. protoc is none: its version follows from that of protobuf's sources.
 * @param {(source: import("./components.mjs").Source) => string} newest
 */
export function compareVersions(newest = newestVersion) {
  return [...Object.values(sources), ...linkedCrates().map(({ source }) => source)]
    .filter((source) => source !== sources.protoc)
    .map((source) => {
      const { registry, name, version } = source;
      const latest = newest(source);
      return { registry, name, "linked in": version, newest: latest, behind: latest !== version };
    });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await main(() => {
    const rows = compareVersions();
    console.table(rows);
    const behind = rows.filter((row) => row.behind).map(({ name }) => name);
    if (behind.length > 0) throw new Error(`Behind: ${behind.join(", ")}. docs/upgrading-gns.md says what to do.`);
  });
}
