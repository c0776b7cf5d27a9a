// node echo-workers.mjs <workers>: a process with so many servers over GNS, each in a thread of its own. To each
// message of its parent it answers how many messages they have returned, and how long each of its threads has run.
import { readdirSync, readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";

const next = (worker) => new Promise((resolve) => worker.once("message", resolve));
const workers = Array.from(
  { length: Number(process.argv[2]) },
  () => new Worker(new URL("echo-worker.mjs", import.meta.url)),
);
const ready = await Promise.all(workers.map(next));

/** The nanoseconds that each thread has run, by its id. */
function threads() {
  const folder = "/proc/self/task";
  const runNs = (id) => Number(readFileSync(`${folder}/${id}/schedstat`, "utf8").split(" ")[0]);
  return Object.fromEntries(readdirSync(folder).map((id) => [id, runNs(id)]));
}

process.on("message", async () => {
  const answers = workers.map(next);
  for (const worker of workers) worker.postMessage("read");
  const echoes = (await Promise.all(answers)).reduce((sum, one) => sum + one.echoes, 0);
  process.send({ echoes, threads: threads() });
});
process.send({ ports: ready.map(({ port }) => port) });
