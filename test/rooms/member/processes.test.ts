import { setTimeout as delay } from "node:timers/promises";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Bot } from "../../../examples/fleet/bots.mjs";
import { Fleet } from "../../../examples/fleet/fleet.mjs";
import { NatsEngine } from "../../../lib/rooms/engine/index.js";
import { UdpSocketFactory } from "../../../lib/socket/udp.js";
import { type NatsCluster, startNats } from "../../../scripts/nats-cluster.mjs";
import { bundlePage, launchBrowser } from "../../support/browser-page.js";

const ROOMS = 50;
const CLIENTS = 20;

let nats: NatsCluster;
let browser: Browser;
beforeAll(async () => {
  [nats, browser] = await Promise.all([startNats(1), launchBrowser(["--disable-features=LocalNetworkAccessChecks"])]);
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
}, 20);
`;

async function newPageBot(): Promise<Player> {
  const script = await bundlePage(PAGE, import.meta.dirname);
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

test("hosts are killed, stopped and drained, NATS is killed: nothing acknowledged is lost or there twice", async () => {
  const fleet = new Fleet(nats.servers, "processes");
  const bots: Player[] = [];
  try {
    for (let at = 0; at < 3; at++) await fleet.add();
    const [first, second, third] = fleet.hosts;
    const ids = Array.from({ length: ROOMS }, (_, at) => `room${at}`);
    for (const [at, host] of fleet.hosts.entries()) host.create(ids.filter((_, index) => index % 3 === at));
    await until(() => fleet.hosts.flatMap(({ rooms }: { rooms: string[] }) => rooms).length === ROOMS);
    for (let at = 0; at < CLIENTS; at++) {
      const isPage = at === 0;
      const bot: Player = isPage ? await newPageBot() : new Bot(new UdpSocketFactory({ host: "127.0.0.1" }));
      bots.push(bot);
      const { port, webSocketPort } = fleet.hosts[at % 3];
      // Each through a door that is not always the host of its room.
      await bot.join(isPage ? webSocketPort : port, ids[(at * 7) % ROOMS] as string);
    }
    const playerIds = bots.map(({ client }) => client.player?.id);
    const playing = bots.map((bot) => bot.play(10));
    /** All have moved on, `count` times from now. */
    const allMove = async (count = 10) => {
      const from = bots.map(({ acknowledged }) => acknowledged);
      await until(() => bots.every(({ acknowledged }, at) => acknowledged >= (from[at] ?? 0) + count));
    };
    await allMove();
    expect(bots.every(({ suspensions }) => suspensions === 0)).toBe(true);

    await first.end("SIGKILL");
    await allMove();
    expect(bots.some(({ suspensions }) => suspensions > 0)).toBe(true);

    second.signal("SIGSTOP");
    await allMove();
    second.signal("SIGCONT");
    // Its copies end: each room that somebody has looked for meanwhile is the third's.
    await until(() => second.rooms.every((id: string) => !third.rooms.includes(id)));
    await allMove();

    await nats.nodes[0]?.kill();
    const during = bots.map(({ client }) => client.player);
    await delay(1000);
    await nats.nodes[0]?.restart();
    await allMove();
    expect(bots.map(({ client }) => client.player)).toEqual(during);

    await fleet.add();
    const suspensions = bots.map((bot) => bot.suspensions);
    expect(await third.end("SIGTERM")).toBe(0);
    await allMove();
    expect(bots.map((bot) => bot.suspensions)).toEqual(suspensions);

    expect(bots.flatMap(({ faults }) => faults)).toEqual([]);
    expect(bots.map(({ client }) => client.player?.id)).toEqual(playerIds);
    await Promise.all(bots.map((bot) => bot.leave()));
    await Promise.all(playing);
    // One owner for each room that a player was in; no session is left.
    const engine = await NatsEngine.connect({ servers: nats.servers });
    const sessions = await (await engine.bucket("processes-sessions")).watch();
    await until(() => sessions.size === 0);
    await engine.close();
    const owned = fleet.alive.flatMap(({ rooms }: { rooms: string[] }) => rooms);
    expect(new Set(owned).size).toBe(owned.length);
  } finally {
    await Promise.all(bots.map((bot) => bot.leave()));
    await fleet.close();
  }
}, 240_000);
