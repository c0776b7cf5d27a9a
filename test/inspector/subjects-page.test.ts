import type { Browser } from "playwright-core";
import { Endpoint } from "valve-sockets";
import { type Inspected, type InspectOptions, inspect } from "valve-sockets/inspector";
import { defineMessage, defineProtocol, NetworkClient, NetworkServer } from "valve-sockets/message";
import {
  ClientObjectManager,
  definePrefab,
  NetworkBehaviour,
  networked,
  ServerObjectManager,
} from "valve-sockets/object";
import { RoomHost, RoomsClient } from "valve-sockets/rooms";
import { string, u8 } from "valve-sockets/serialization";
import { MemoryNetwork, MemorySocketFactory } from "valve-sockets/socket";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

import { launchBrowser } from "../support/browser-page.js";
import { axeViolations } from "../support/inspected-server.js";

const Chat = defineMessage("chat", string(200));
const HOSTILE = "<img src=x onerror=alert(3)>";
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

/** A view of the page of an inspector. */
async function openView(inspected: Inspected, view: string, options: InspectOptions = {}) {
  const inspector = await inspect(inspected, options);
  const page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
  onTestFinished(async () => {
    await page.close();
    await inspector.close();
  });
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("dialog", (dialog) => errors.push(dialog.message()));
  await page.goto(inspector.url);
  await page.getByRole("tab", { name: view }).click();
  return { page, errors };
}

test("of connections of GNS it shows what GNS knows, and no view that would be empty", async () => {
  const [server, client] = [new Endpoint(), new Endpoint()];
  onTestFinished(async () => {
    await Promise.all([server.destroy(), client.destroy()]);
  });
  const listener = server.listen({ host: "127.0.0.1" });
  await client.connect({ host: "127.0.0.1", port: listener.port });
  const { page, errors } = await openView(server, "Connections");
  await page.getByRole("row", { name: /^\d+ 127\.0\.0\.1:\d+ .* gns Connected encrypted/ }).waitFor();
  expect(await page.getByRole("tab").allTextContents()).toEqual(["Connections", "Timeline"]);
  expect(await page.getByRole("columnheader").allTextContents()).not.toContain("Refused");
  await page.getByRole("row", { name: /gns Connected/ }).click();
  await page.getByText("May be sent").waitFor();
  expect(await page.getByText("Packets sent").count()).toBe(0);
  expect(errors).toEqual([]);
});

test("of a RoomHost it shows rooms, their labels as text, and the players of all of them", async () => {
  const protocol = defineProtocol({ name: "rooms", version: 1, messages: [Chat] });
  const socketFactory = new MemorySocketFactory(new MemoryNetwork());
  const host = new RoomHost({ protocol, socketFactory, rooms: { duel: { capacity: 4, open: () => {} } } });
  await host.start();
  const room = await host.createRoom("duel", { labels: { map: HOSTILE } });
  const client = new NetworkClient({ protocol, socketFactory });
  const rooms = new RoomsClient(client);
  await client.connect();
  await rooms.joinById(room.id);
  onTestFinished(async () => {
    await client.disconnect();
    await host.stop();
  });
  const { page, errors } = await openView(host, "Rooms");
  const row = page.getByRole("row", { name: new RegExp(`^${room.id} duel 1: ${client.player?.id} 0 3 open`) });
  await row.waitFor();
  expect(await row.textContent()).toContain(HOSTILE);
  expect(await axeViolations(page)).toEqual([]);
  await page.getByRole("tab", { name: "Connections" }).click();
  await page.getByRole("row", { name: new RegExp(`^${client.player?.id} .* Authenticated`) }).waitFor();
  expect(errors).toEqual([]);
});

test("of a client it shows its world, how late that is shown, and its one connection", async () => {
  const Ship = networked(class Ship extends NetworkBehaviour {}, { name: string(64), health: u8 });
  const ShipPrefab = definePrefab("ship", { ship: Ship });
  const protocol = defineProtocol({ name: HOSTILE, version: 1, messages: [Chat] });
  const socketFactory = new MemorySocketFactory(new MemoryNetwork());
  const server = new NetworkServer({ protocol, socketFactory, tickRate: 20 });
  const world = new ServerObjectManager(server, { prefabs: [ShipPrefab] });
  await server.start();
  world.spawn(ShipPrefab, { init: ({ ship }) => Object.assign(ship, { name: HOSTILE, health: 3 }) });
  const client = new NetworkClient({ protocol, socketFactory });
  const objects = new ClientObjectManager(client, { prefabs: [ShipPrefab] });
  await client.connect();
  onTestFinished(async () => {
    await client.disconnect();
    await server.stop();
  });
  const { page, errors } = await openView(client, "Objects", { objects, payloads: true });
  await page.getByRole("img", { name: /^Shown later than it came/ }).waitFor();
  const row = page.getByRole("row", { name: /^[0-9a-f]{8} ship/ });
  await row.click();
  await page.getByRole("region", { name: /^Object / }).waitFor();
  expect(await page.getByRole("definition").allTextContents()).toEqual(expect.arrayContaining([HOSTILE, "3"]));
  expect(await axeViolations(page)).toEqual([]);
  await page.getByRole("tab", { name: "Connections" }).click();
  await page.getByRole("row", { name: /memory Authenticated/ }).waitFor();
  expect(errors).toEqual([]);
});

test("who has left, and why: of a server, of the rooms of a RoomHost, and of a client", async () => {
  const protocol = defineProtocol({ name: "left", version: 1, messages: [Chat] });
  const socketFactory = new MemorySocketFactory(new MemoryNetwork());
  const host = new RoomHost({ protocol, socketFactory, rooms: { duel: { capacity: 4, open: () => {} } } });
  await host.start();
  const { page } = await openView(host, "Left");
  const room = await host.createRoom("duel");
  const client = new NetworkClient({ protocol, socketFactory });
  const rooms = new RoomsClient(client);
  await client.connect();
  await rooms.joinById(room.id);
  const own = await openView(client, "Left");
  const [player] = room.players;
  player?.disconnect({ code: 7, text: HOSTILE });
  onTestFinished(() => host.stop());
  for (const one of [page, own.page]) {
    const row = one.getByRole("row", { name: /code 7/ });
    await row.waitFor();
    expect(await row.textContent()).toContain(HOSTILE);
    expect(await one.getByRole("row").count()).toBe(2);
    expect(await axeViolations(one)).toEqual([]);
  }
  expect(own.errors).toEqual([]);
});
