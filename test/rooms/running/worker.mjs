// A process of a Supervisor: a counter that all share, and what it is told to do.
import { parentEngine } from "../../../dist/rooms/index.js";

const engine = parentEngine();
const bucket = await engine.bucket("counter");
const worker = process.env.VALVE_SOCKETS_WORKER;
engine.answer(`worker.${worker}`, async (data) => {
  const text = new TextDecoder().decode(data);
  if (text === "die") process.kill(process.pid, "SIGKILL");
  for (;;) {
    const entry = await bucket.get("count");
    const count = Number(entry ? new TextDecoder().decode(entry.value) : "0") + 1;
    try {
      const value = new TextEncoder().encode(`${count}`);
      await (entry ? bucket.update("count", value, entry.revision) : bucket.create("count", value));
      return value;
    } catch (error) {
      if (error.code !== "ERR_CONFLICT") throw error;
    }
  }
});
process.on("SIGTERM", () => process.exit(7));
// Everybody tells everybody, until all are there.
engine.subscribe("here", () => {});
const others = [0, 1, 2].filter((one) => `${one}` !== worker);
for (const other of others) {
  for (let hasAnswered = false; !hasAnswered; ) {
    await engine
      .request(`worker.${other}`, new TextEncoder().encode("count"), { timeoutMs: 1000 })
      .then(() => {
        hasAnswered = true;
      })
      .catch(() => new Promise((resolve) => setTimeout(resolve, 5)));
  }
}
process.send({ test: "ready", worker });
if (worker === "0" && !process.env.CALM) {
  await engine.request("worker.1", new TextEncoder().encode("die"), { timeoutMs: 60_000 }).catch(() => {});
}
