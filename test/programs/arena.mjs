// An arena with bots. It prints its page, and notes its world after each tick, and what it makes of the shots of the
// player "tester". A line on stdin asks for the notes: they come behind that line.
import { createInterface } from "node:readline";
import { seededRandom } from "valve-sockets/testing";
import { TICK_RATE } from "../../examples/arena/rules.mjs";
import { openArena, startBots } from "../../examples/arena/server.mjs";
import { describeObjects } from "../support/arena-objects.mjs";

const lag = { latencyMs: 50, jitterMs: 10, loss: 0.02 };
const opened = await openArena({ lag, random: seededRandom(5) });
const { server } = opened;
const { objects } = opened.arena;
const bots = startBots(opened, { lag, seed: 7 });
console.log(`Page: ${opened.page}`);

const history = {};
const shots = {};
const tickTimes = [];
const lost = {};
/** By the numbers of the ships that the tester sees: the tick by which they were sent to it. */
let since = {};
let [totalMs, missing, lostShips] = [0, 0, 0];
let tester = null;

server.on("ticked", () => {
  const { ticks } = server.metrics;
  tickTimes.push(ticks.totalMs - totalMs);
  totalMs = ticks.totalMs;
  history[server.tick] = describeObjects(objects.objects);
  lost[server.tick] = lostShips;
  tester ??= objects.objects.find(({ behaviours }) => behaviours.pilot?.name === "tester")?.owner;
  const sees = ({ observers, prefab }) => prefab === "ship" && observers.has(tester);
  since = Object.fromEntries(objects.objects.filter(sees).map(({ netId }) => [netId, since[netId] ?? server.tick]));
  if (tester) missing = objects.inputsOf(tester).missing;
});
objects.on("unspawned", ({ prefab }) => (lostShips += prefab === "ship"));

const rewind = objects.rewind.bind(objects);
objects.rewind = (player, look) => {
  // What docs/objects.md says, but for the time that an input waits for its tick.
  const believedTicks = 1 + ((player.roundTripTimeMs + 50) * TICK_RATE) / 1000;
  return rewind(player, () => {
    if (player === tester) {
      const hadInput = objects.inputsOf(player).missing === missing;
      shots[server.tick] = { believedTicks, hadInput, looked: describeObjects(objects.objects), since };
    }
    return look();
  });
};

for await (const line of createInterface({ input: process.stdin })) {
  tickTimes.sort((one, other) => one - other);
  const [p50, p99] = [0.5, 0.99].map((part) => tickTimes[Math.floor(part * tickTimes.length)].toFixed(2));
  console.log(`Ticks ${line}: p50 ${p50} ms, p99 ${p99} ms of ${tickTimes.length}`);
  console.log(`Notes ${line}: ${JSON.stringify({ history, shots, missing, lost })}`);
}
bots.kill("SIGKILL");
await opened.close();
