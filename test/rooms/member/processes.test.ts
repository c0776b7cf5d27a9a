import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFailed, test } from "vitest";
import { Bot } from "../../../examples/fleet/bots.mjs";
import { Fleet } from "../../../examples/fleet/fleet.mjs";
import { NatsEngine } from "../../../lib/rooms/engine/index.js";
import { hearHosts } from "../../../lib/rooms/fleet/beats.js";
import { Directory } from "../../../lib/rooms/fleet/directory.js";
import { UdpSocketFactory } from "../../../lib/socket/udp.js";
import { seededRandom } from "../../../lib/testing/index.js";
import { type NatsCluster, startNats } from "../../../scripts/nats-cluster.mjs";
import { bundlePage, launchBrowser } from "../../support/browser-page.js";

const IS_STRESS = process.env.VALVE_SOCKETS_STRESS === "1";
/** How many seeds, rooms, clients over UDP, and pages: VALVE_SOCKETS_FLEET=1,200,50,2. */
const SIZES = process.env.VALVE_SOCKETS_FLEET ?? (IS_STRESS ? "20,1000,150,10" : "1,50,19,1");
const [SEEDS, ROOMS, CLIENTS, PAGES] = SIZES.split(",").map(Number) as [number, number, number, number];
const HOSTS = 3;
/** How many join at a time. */
const JOINS = 10;
/** Until every client has heard which hosts there are: a dead one is found after 1.5 s, and clients ask every 2 s. */
const NEWS_MS = 5000;

let nats: NatsCluster;
let browser: Browser;
let script: string;
beforeAll(async () => {
  [nats, browser, script] = await Promise.all([
    startNats(1),
    launchBrowser(["--disable-features=LocalNetworkAccessChecks"]),
    bundlePage(PAGE, import.meta.dirname),
  ]);
});
afterAll(() => Promise.all([nats?.close(), browser?.close()]));

interface Player {
  readonly acknowledged: number;
  readonly suspensions: number;
  readonly faults: readonly string[];
  readonly isPlaying: boolean;
  readonly client: { readonly player: { readonly id: number } | null };
  join(port: number, room: string): Promise<void>;
  play(pauseMs: number): Promise<void>;
  leave(): Promise<void>;
}

/** A bot in a page, which tells what has become of it. */
const PAGE = `
import { WebSocketFactory } from "valve-sockets/socket/websocket";
import { Bot } from "../../../examples/fleet/bots.mjs";
const bot = (globalThis.bot = new Bot(new WebSocketFactory({ host: "127.0.0.1" })));
setInterval(() => {
  const { acknowledged, suspensions, faults, isPlaying, client } = bot;
  tell({ acknowledged, suspensions, faults, isPlaying, client: { player: client.player && { id: client.player.id } } });
}, 100);
`;

async function newPageBot(): Promise<Player> {
  const page = await browser.newPage();
  const call = (name: string, ...given: unknown[]) =>
    page.evaluate(`bot.${name}(${given.map((one) => JSON.stringify(one)).join()})`) as Promise<void>;
  const bot = {
    ...{ acknowledged: 0, suspensions: 0, faults: [], isPlaying: false, client: { player: null } },
    join: (port: number, room: string) => call("join", port, room),
    play: (pauseMs: number) => call("play", pauseMs),
    leave: () => call("leave"),
  };
  await page.exposeFunction("tell", (state: object) => void Object.assign(bot, state));
  // A page from localhost is a secure one, and nothing has to serve it.
  await page.route("http://localhost/**", (route) => {
    const [contentType, body] = route.request().url().endsWith(".js")
      ? ["text/javascript", script]
      : ["text/html", '<link rel="icon" href="data:,"><script type="module" src="/page.js"></script>'];
    return route.fulfill({ contentType, body });
  });
  await page.goto("http://localhost/");
  await page.waitForFunction("globalThis.bot");
  return bot;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(20);
}

/** Joins a room. On a busy machine that takes longer than it may at first. A host takes one question a second. */
async function join(bot: Player, port: number, room: string, attempts = 10): Promise<void> {
  try {
    await bot.join(port, room);
  } catch (error) {
    if (attempts === 0) throw error;
    await delay(1000);
    await join(bot, port, room, attempts - 1);
  }
}

/** A parent with hosts, as a process group that ends all at once. */
function startParent(fleet: Fleet, hosts: number) {
  const program = fileURLToPath(new URL("parent.mjs", import.meta.url));
  const child = spawn(process.execPath, [program, `${hosts}`], { env: fleet.env, detached: true, stdio: "inherit" });
  let isOver = false;
  return () => {
    if (!isOver && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    isOver = true;
  };
}

test.each(Array.from({ length: SEEDS }, (_, at) => at + 1))(
  "hosts are killed, stopped and drained, a parent dies with its hosts, NATS is killed: nothing is lost (seed %i)",
  async (seed) => {
    const random = seededRandom(seed);
    const app = `processes${seed}`;
    const fleet = new Fleet(nats.servers, app);
    const bots: Player[] = [];
    const engine = await NatsEngine.connect({ servers: nats.servers });
    const directory = await Directory.open(engine, app);
    const heard = new Set<string>();
    hearHosts(engine, app, (id, state) => (state ? heard.add(id) : heard.delete(id)));
    let endParent = () => {};
    let phase = "the start";
    onTestFailed(() => {
      const hosts = fleet.hosts.map(({ id, isAlive, rooms, players }) => ({
        id,
        isAlive,
        rooms: rooms.length,
        players,
      }));
      const state = bots.map(({ acknowledged, suspensions, isPlaying, faults }, at) =>
        [at, acknowledged, suspensions, isPlaying, ...faults].join(" "),
      );
      console.error("It failed during", phase, hosts, state);
    });
    try {
      for (let at = 0; at < HOSTS; at++) await fleet.add();
      // The pages first: rooms wait for 60 s for somebody to come.
      while (bots.length < PAGES) bots.push(await newPageBot());
      while (bots.length < PAGES + CLIENTS) bots.push(new Bot(new UdpSocketFactory({ host: "127.0.0.1" })));
      const ids = Array.from({ length: ROOMS }, (_, at) => `room${at}`);
      for (const [at, host] of fleet.hosts.entries()) host.create(ids.filter((_, index) => index % HOSTS === at));
      const owned = () => fleet.alive.flatMap(({ rooms }: { rooms: string[] }) => rooms);
      await until(() => owned().length === ROOMS || fleet.alive.length < HOSTS);
      expect(fleet.alive.length).toBe(HOSTS);
      // Each through a door that is not always the host of its room.
      const joins = bots.map((bot, at) => {
        const { port, webSocketPort } = fleet.hosts[at % HOSTS];
        const room = ids[Math.floor(random() * ROOMS)] as string;
        return () => join(bot, at < PAGES ? webSocketPort : port, room);
      });
      while (joins.length > 0) await Promise.all(joins.splice(0, JOINS).map((run) => run()));
      const playerIds = bots.map(({ client }) => client.player?.id);
      const playing = bots.map((bot) => bot.play(10));
      /** All have moved on, `count` times from now. */
      const allMove = async (count = 10) => {
        const from = bots.map(({ acknowledged }) => acknowledged);
        const isLost = () => bots.some(({ faults }) => faults.length > 0);
        await until(() => isLost() || bots.every(({ acknowledged }, at) => acknowledged >= (from[at] ?? 0) + count));
        expect(bots.flatMap(({ faults }) => faults)).toEqual([]);
      };
      const suspensions = () => bots.map((bot) => bot.suspensions);
      const fullest = () => {
        const players = (id: string) => [...directory.sessions()].filter(({ host }) => host === id).length;
        return [...fleet.alive].sort((one, other) => players(other.id) - players(one.id))[0];
      };
      const dangers = {
        killed: async () => {
          const before = suspensions();
          await fullest().end("SIGKILL");
          await allMove();
          expect(suspensions()).not.toEqual(before);
        },
        stopped: async () => {
          const host = fullest();
          host.signal("SIGSTOP");
          await allMove();
          host.signal("SIGCONT");
          // Its copies end: each room that somebody has looked for meanwhile is another's.
          await until(() => new Set(owned()).size === owned().length);
        },
        withoutEngine: async () => {
          const during = bots.map(({ client }) => client.player);
          await nats.nodes[0]?.kill();
          await delay(1000);
          await nats.nodes[0]?.restart();
          await allMove();
          expect(bots.map(({ client }) => client.player)).toEqual(during);
        },
        drained: async () => {
          const known = new Set(heard);
          endParent = startParent(fleet, 2);
          const isOfParent = (id: string) =>
            !known.has(id) && !fleet.hosts.some((host: { id: string }) => host.id === id);
          await until(() => [...heard].filter(isOfParent).length === 2);
          expect(await fullest().end("SIGTERM")).toBe(0);
          await allMove();
          await until(() => [...directory.sessions()].some(({ host }) => isOfParent(host)));
          // All hosts of the parent at once, and the parent: their players find doors of others.
          const before = suspensions();
          endParent();
          await until(() => suspensions().some((count, at) => count > (before[at] ?? 0)));
          await allMove();
          expect([...directory.sessions()].filter(({ host }) => isOfParent(host))).toEqual([]);
        },
      };
      await allMove();
      expect(suspensions().every((count) => count === 0)).toBe(true);
      const order = Object.keys(dangers) as (keyof typeof dangers)[];
      if (seed > 1) order.sort(() => random() - 0.5);
      for (const danger of order) {
        while (fleet.alive.length < (danger === "drained" ? 2 : HOSTS)) await fleet.add();
        // In another order, all hosts that a client knows may go one after the other. The new ones are news too.
        if (seed > 1) await delay(NEWS_MS);
        phase = danger;
        await dangers[danger]();
        await allMove();
      }

      phase = "the end";
      expect(bots.map(({ client }) => client.player?.id)).toEqual(playerIds);
      await Promise.all(bots.map((bot) => bot.leave()));
      await Promise.all(playing);
      // One owner for each room; no session is left.
      await until(() => directory.isCurrent && [...directory.sessions()].length === 0);
      expect(new Set(owned()).size).toBe(owned().length);
    } finally {
      endParent();
      await Promise.all(bots.map((bot) => bot.leave()));
      await Promise.all(browser.contexts().map((context) => context.close()));
      await fleet.close();
      await engine.close();
    }
  },
  600_000,
);
