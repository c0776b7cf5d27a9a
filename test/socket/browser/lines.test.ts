import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { bundlePage, launchBrowser } from "../../support/browser-page.js";
import { addresses, NetworkWorld, whyNoNamespaces } from "../../support/network-world.js";

// A page that plays: 60 times a second it sends a number on both channels, and notes what comes back, and what happens.
const CODE = `
import { defineMessage, defineProtocol, NetworkClient } from "../../../dist/message/index.js";
import { Channel } from "../../../dist/peer/index.js";
import { u32 } from "../../../dist/serialization/index.js";
import { BrowserSocketFactory } from "../../../dist/socket/browser.js";
const Shot = defineMessage("shot", u32);
const Move = defineMessage("move", u32, { channel: Channel.Unreliable });
const protocol = defineProtocol({ name: "echo", version: 1, messages: [Shot, Move] });
globalThis.events = [];
globalThis.start = async (host, port) => {
  const onFallback = () => events.push("fallback");
  const socketFactory = new BrowserSocketFactory({ host, port, onFallback });
  const client = new NetworkClient({ protocol, socketFactory, reconnect: true, peer: { timeoutMs: 3000 } });
  client.on("authenticated", ({ transport }) => void events.push("on " + transport));
  client.on("disconnected", () => void events.push("lost"));
  globalThis.shots = [];
  globalThis.moves = 0;
  client.messageHandler.register(Shot, (number) => void shots.push(number));
  client.messageHandler.register(Move, () => void moves++);
  globalThis.client = client;
  await client.connect();
};
globalThis.play = (count) => {
  shots.length = 0;
  moves = 0;
  let sent = 0;
  const timer = setInterval(() => {
    client.send(Move, sent);
    client.send(Shot, sent);
    if (++sent === count) clearInterval(timer);
  }, 1000 / 60);
};
`;
const SHOTS = 300;
const inOrder = Array.from({ length: SHOTS }, (_, number) => number);

let script: string;
let world: NetworkWorld;
let browser: Browser;
let server: ChildProcess;
let page: Page;
let players: string[];
let port: number;

beforeAll(async () => {
  expect(whyNoNamespaces).toBeNull();
  script = await bundlePage(CODE, import.meta.dirname);
  world = new NetworkWorld();
  browser = await launchBrowser(["--disable-features=LocalNetworkAccessChecks"], world.namespace("q"));
});
afterAll(async () => {
  await browser?.close();
  world?.remove();
});

beforeEach(async () => {
  world.setLoss(0);
  server?.kill("SIGKILL");
  server = world.start("p", "web-echo-server.mjs", [addresses.p]);
  [{ port }] = (await once(server, "message")) as [{ port: number }];
  players = [];
  server.on("message", (event: Record<string, string>) => void players.push(Object.entries(event).flat().join(" ")));
  await page?.close();
  page = await browser.newPage();
  // A page from localhost is a secure one, and nothing has to serve it.
  await page.route("http://localhost/**", (route) => {
    const isScript = route.request().url().endsWith(".js");
    const html = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/stdin.js"></script>';
    return route.fulfill({ contentType: isScript ? "text/javascript" : "text/html", body: isScript ? script : html });
  });
  await page.goto("http://localhost/");
  await page.waitForFunction("globalThis.start !== undefined");
});

const start = () => page.evaluate(`start("${addresses.p}", ${port})`);
const events = () => page.evaluate("events");
const waitFor = (condition: string) => page.waitForFunction(condition, null, { timeout: 50_000 });

test("with 5 % loss both ways everything reliable comes back in order, and most datagrams", async () => {
  await start();
  world.setLoss(5);
  await page.evaluate(`play(${SHOTS})`);
  await waitFor(`shots.length === ${SHOTS}`);
  expect(await page.evaluate("shots")).toEqual(inOrder);
  const moves = (await page.evaluate("moves")) as number;
  expect(moves).toBeGreaterThan(SHOTS * 0.75);
  expect(moves).toBeLessThan(SHOTS);
  expect(await events()).toEqual(["on webtransport"]);
});

test("where UDP is blocked from the start the page is on WebSocket, and plays", async () => {
  world.setLoss(100, "udp");
  await start();
  await page.evaluate(`play(${SHOTS})`);
  await waitFor(`shots.length === ${SHOTS}`);
  expect(await page.evaluate("shots")).toEqual(inOrder);
  expect(await events()).toEqual(["fallback", "on websocket"]);
  expect(players).toEqual(["came websocket"]);
});

test("when UDP is blocked in the middle of a game the page comes back over WebSocket, and plays on", async () => {
  await start();
  await page.evaluate("play(10)");
  await waitFor("shots.length === 10");
  world.setLoss(100, "udp");
  await waitFor("events.length === 4");
  expect(await events()).toEqual(["on webtransport", "lost", "fallback", "on websocket"]);
  await page.evaluate(`play(${SHOTS})`);
  await waitFor(`shots.length === ${SHOTS}`);
  expect(await page.evaluate("shots")).toEqual(inOrder);
  expect(players.filter((text) => text.startsWith("came"))).toEqual(["came webtransport", "came websocket"]);
});
