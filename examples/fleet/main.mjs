// Three hosts, 200 bots and a NATS server on this machine, live in the terminal: npm run fleet
// k kills a host, f freezes one for 6 s, d drains one, n starts one, q quits. `npm run fleet -- --seconds 20 --bots 20`
// needs no terminal: it kills a host in the middle, and ends with 0 when nothing was lost.
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { startNats } from "../../scripts/nats-cluster.mjs";
import { Bot } from "./bots.mjs";
import { Fleet } from "./fleet.mjs";

const { values } = parseArgs({
  options: {
    bots: { type: "string", default: "200" },
    seconds: { type: "string", default: "0" },
    rooms: { type: "string", default: "30" },
  },
});
const [BOTS, SECONDS, ROOMS] = [values.bots, values.seconds, values.rooms].map(Number);
const FROZEN_MS = 6000;

const nats = await startNats(1);
const fleet = new Fleet(nats.servers);
const bots = [];
const faults = () => bots.flatMap((bot) => bot.faults);
const acknowledged = () => bots.reduce((sum, bot) => sum + bot.acknowledged, 0);
let message = "";

/** The host with the most players. */
const fullest = () => [...fleet.alive].sort((one, other) => other.players - one.players)[0];

const keys = {
  k: async () => {
    const host = fullest();
    message = `killed ${host?.id}`;
    await host?.end("SIGKILL");
  },
  f: async () => {
    const host = fullest();
    message = `${host?.id} stands still for ${FROZEN_MS / 1000} s`;
    host?.signal("SIGSTOP");
    await delay(FROZEN_MS);
    if (host?.isAlive) host.signal("SIGCONT");
  },
  d: async () => {
    const host = fullest();
    message = `draining ${host?.id}`;
    const code = await host?.end("SIGTERM");
    message = `${host?.id} has drained, and ended with ${code}`;
  },
  n: async () => {
    message = `started ${(await fleet.add()).id}`;
  },
};

function draw() {
  const hosts = fleet.hosts.map(({ id, isAlive, rooms, players }) => {
    const bar = "#".repeat(Math.round((players / Math.max(BOTS, 1)) * 40));
    const has = `${String(rooms.length).padStart(3)} rooms ${String(players).padStart(3)} players`;
    return `${id}  ${isAlive ? has : "gone".padEnd(has.length)}  ${bar}`;
  });
  const playing = bots.filter(({ isPlaying }) => isPlaying).length;
  const lines = [
    ...hosts,
    "",
    `${playing} of ${bots.length} bots play`,
    `${acknowledged()} moves were acknowledged, ${faults().length} were lost or doubled`,
    message,
    "k kills a host   f freezes one   d drains one   n starts one   q quits",
  ];
  process.stdout.write(`\x1b[2J\x1b[H${lines.join("\n")}\n`);
}

async function end(code) {
  await Promise.all(bots.map((bot) => bot.leave()));
  await fleet.close();
  await nats.close();
  process.exit(code);
}

for (let at = 0; at < 3; at++) await fleet.add();
const ids = Array.from({ length: ROOMS }, (_, at) => `room${at}`);
for (const [at, host] of fleet.hosts.entries()) host.create(ids.filter((_, index) => index % 3 === at));
while (fleet.hosts.flatMap(({ rooms }) => rooms).length < ROOMS) await delay(50);
await Promise.all(
  Array.from({ length: BOTS }, async (_, at) => {
    const bot = new Bot(new UdpSocketFactory({ host: "127.0.0.1" }));
    bots.push(bot);
    await bot.join(fleet.hosts[at % 3].port, ids[at % ROOMS]);
    void bot.play(100);
  }),
);

if (SECONDS > 0) {
  await delay((SECONDS * 1000) / 2);
  await keys.k();
  const before = acknowledged();
  await delay((SECONDS * 1000) / 2);
  const isWell = faults().length === 0 && bots.every(({ isPlaying }) => isPlaying) && acknowledged() > before;
  console.log(
    `${message}; ${bots.length} bots: ${acknowledged()} moves were acknowledged, ${faults().length} lost or doubled`,
  );
  for (const fault of faults()) console.log(fault);
  await end(isWell ? 0 : 1);
}
setInterval(draw, 200);
process.stdin.setRawMode?.(true);
process.stdin.setEncoding("utf8");
process.stdin.on("data", (key) => {
  if (key === "q" || key === "\u0003") void end(0);
  else if (Object.hasOwn(keys, key)) keys[key]().catch((error) => (message = error.message));
});
