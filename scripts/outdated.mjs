// npm run outdated:native: compares the packages that are linked in (scripts/components.mjs) with what the registries
// have, which it asks through cargo, npm and pip, a question a package. Ends with exit code 1 when one is behind.
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";
import { sources } from "./components.mjs";
import { main } from "./run.mjs";

/** How each registry's client is asked for the newest version that is no pre-release, and where its answer has it. */
const clients = {
  cargo: { command: (name) => ["cargo", "info", "--quiet", name], answer: /^version: (\S+)/m },
  npm: { command: (name) => ["npm", "view", name, "version"], answer: /^(\S+)$/m },
  pypi: { command: (name) => ["python3", "-m", "pip", "index", "versions", name], answer: /^\S+ \((\S+)\)$/m },
};

/** @param {import("./components.mjs").Source} source */
function newestVersion({ registry, name }) {
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
  return Object.values(sources)
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
