// A process of a Supervisor: it counts in a bucket that all share, and dies where it is told to.
import { parentEngine } from "../../../dist/rooms/index.js";

const engine = parentEngine();
const bucket = await engine.bucket("counter");
const read = (entry) => Number(entry ? new TextDecoder().decode(entry.value) : "0");

async function count() {
  for (;;) {
    const entry = await bucket.get("count");
    const value = new TextEncoder().encode(`${read(entry) + 1}`);
    try {
      await (entry ? bucket.update("count", value, entry.revision) : bucket.create("count", value));
      return;
    } catch (error) {
      if (error.code !== "ERR_CONFLICT") throw error;
    }
  }
}

process.on("SIGTERM", () => process.exit(7));
engine.answer(`worker.${process.env.VALVE_SOCKETS_WORKER}`, () => process.kill(process.pid, "SIGKILL"));
for (let times = 0; times < 100; times++) await count();
let look = () => {};
const watch = await bucket.watch(() => look());
const reached = (wanted) =>
  new Promise((resolve) => {
    look = () => watch && read(watch.get("count")) >= wanted && resolve();
    look();
  });
// When all have counted, worker 1 is killed; in its second life it counts again.
if (process.env.VALVE_SOCKETS_WORKER === "0") {
  await reached(300);
  engine.request("worker.1", new Uint8Array(0), { timeoutMs: 60_000 }).catch(() => {});
}
await reached(400);
process.send({ test: "all have counted" });
