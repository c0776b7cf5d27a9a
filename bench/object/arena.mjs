// How long the ticks of examples/arena take, with 16 bots that are 100 ms away and lose 2 %.
import { TICK_RATE } from "../../examples/arena/rules.mjs";
import { openArena, startBots } from "../../examples/arena/server.mjs";

const LAG = { latencyMs: 50, jitterMs: 10, loss: 0.02 };
const BOTS = 16;
/** After the last bot has come. */
const WARM_UP_TICKS = 90;

/**
 * Plays for so many seconds. Returns the middle and the 99th percentile of the durations of the ticks in ms, and how
 * much processor time a tick takes in ms: that of the whole process, with its sockets.
 */
export async function arena({ seconds = 1 }) {
  const ticks = Math.ceil(seconds * TICK_RATE);
  const opened = await openArena({ lag: LAG });
  const { server } = opened;
  const bots = startBots(opened, { lag: LAG });
  const durations = [];
  let [warmTicks, totalMs, startUs] = [0, 0, 0];
  const usedUs = () => Object.values(process.cpuUsage()).reduce((sum, part) => sum + part, 0);
  await new Promise((resolve) => {
    server.on("ticked", () => {
      if (server.authenticatedPlayers.length === BOTS) warmTicks++;
      // That of the last tick is in the sum by now.
      const { totalMs: nowMs } = server.metrics.ticks;
      if (warmTicks === WARM_UP_TICKS) startUs = usedUs();
      if (warmTicks > WARM_UP_TICKS) durations.push(nowMs - totalMs);
      totalMs = nowMs;
      if (durations.length === ticks) resolve();
    });
  });
  const cpuMs = (usedUs() - startUs) / 1000 / ticks;
  bots.kill("SIGKILL");
  await opened.close();
  durations.sort((one, other) => one - other);
  const [p50, p99] = [0.5, 0.99].map((part) => durations[Math.floor(part * durations.length)]);
  return { p50, p99, cpuMs };
}
