// node scripts/instructions.mjs [--against <commit>] [--path <name>] [--runs <n>]
// Counts the processor's instructions for one message on the hot paths of bench/instructions/paths.mjs, with valgrind.
// Unlike times, they are nearly the same on a busy machine. With --against it also counts them in another commit, which
// it builds in the cache, prints the ratios, and fails if one of them is above 1.02.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { paths } from "../bench/instructions/paths.mjs";
import { cache, root } from "./paths.mjs";
import { main, run } from "./run.mjs";
import { ensureSystemPackages } from "./system-packages.mjs";

const LARGEST_RATIO = 1.02;
const MESSAGES = 64_000;
/** V8 is still compiling during these. They are not counted, which makes them five times as fast. */
const WARM_UP_ROUNDS = 10;
const ROUNDS = 5;

function build(folder) {
  run(process.execPath, ["scripts/build.mjs"], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  return folder;
}

/** The folder of a commit, with its `dist` and its addon. */
function buildCommit(name) {
  const git = (...args) => execFileSync("git", args, { cwd: root, maxBuffer: 1 << 30 });
  const folder = join(cache, "instructions", git("rev-parse", `${name}^{commit}`).toString().trim());
  if (existsSync(join(folder, "dist"))) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  execFileSync("tar", ["-x", "-C", folder], { input: git("archive", name) });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return build(folder); // makes `dist` last
}

/** Instructions per message in each round of one process. */
async function countRounds(folder, path) {
  const output = mkdtempSync(join(tmpdir(), "instructions-"));
  const profile = join(output, "profile");
  const valgrind = ["--tool=callgrind", "--instr-atstart=no", `--callgrind-out-file=${profile}`];
  // V8 compiles and collects garbage on the main thread, and makes the same decisions in each process.
  const node = [process.execPath, "--single-threaded", "--predictable", "--random-seed=1", "--hash-seed=1"];
  const program = [join(root, "bench", "instructions", "main.mjs"), folder, path, String(MESSAGES)];
  const child = spawn("valgrind", [...valgrind, ...node, ...program], { stdio: ["pipe", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (text) => {
    errors += text;
  });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const round = async () => {
    child.stdin.write("x");
    if ((await lines.next()).done) throw new Error(`${path} failed in ${folder}:\n${errors}`);
  };
  const tell = (...command) => execFileSync("vgdb", [`--pid=${child.pid}`, ...command], { stdio: "ignore" });
  try {
    for (let count = 0; count < WARM_UP_ROUNDS; count++) await round();
    tell("instrumentation", "on");
    const counts = [];
    for (let count = 1; count <= ROUNDS; count++) {
      tell("zero");
      await round();
      tell("dump");
      const [, instructions] = /^summary: (\d+)/m.exec(readFileSync(`${profile}.${count}`, "utf8"));
      counts.push(Number(instructions) / MESSAGES);
    }
    child.stdin.end();
    await ended;
    return counts;
  } finally {
    child.kill("SIGKILL");
    rmSync(output, { recursive: true });
  }
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** The lowest of the processes: in some of them V8 inlines less, of the same code, which takes up to 9 % more. */
const lowest = (medians) => Math.min(...medians);

/** "5549 +0.2%": the lowest of the processes, and how much more the highest has. */
function describe(medians) {
  const more = Math.max(...medians) / lowest(medians) - 1;
  return `${lowest(medians).toFixed(0).padStart(6)} +${(more * 100).toFixed(1)}%`;
}

await main(async () => {
  const { values } = parseArgs({
    options: { against: { type: "string" }, path: { type: "string" }, runs: { type: "string", default: "3" } },
  });
  ensureSystemPackages(["valgrind"]);
  const sides = [build(root), ...(values.against ? [buildCommit(values.against)] : [])];
  console.log(`path     now${values.against ? `             ${values.against.slice(0, 12).padEnd(15)} ratio` : ""}`);
  const worse = [];
  for (const path of values.path ? [values.path] : Object.keys(paths)) {
    const medians = sides.map(() => []);
    for (let index = 0; index < Number(values.runs); index++) {
      // A B, B A, ...
      const order = index % 2 === 0 ? [0, 1] : [1, 0];
      for (const side of order.filter((side) => side < sides.length)) {
        medians[side].push(median(await countRounds(sides[side], path)));
      }
    }
    const ratio = values.against ? lowest(medians[0]) / lowest(medians[1]) : 1;
    console.log(
      `${path.padEnd(8)} ${medians.map(describe).join("   ")}${values.against ? `   ${ratio.toFixed(3)}` : ""}`,
    );
    if (ratio > LARGEST_RATIO) worse.push(path);
  }
  if (worse.length > 0) throw new Error(`More than ${LARGEST_RATIO} times the instructions: ${worse.join(", ")}`);
});
