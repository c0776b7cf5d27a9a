// The inspector: what it costs a server while somebody looks, and how many frames a second its page draws.
import { chromium } from "playwright-core";
import { compareGoal } from "../harness/pairs.mjs";
import { prepareStack } from "../harness/stack.mjs";

export const prepare = prepareStack;

const SNAPSHOTS_PER_SECOND = 4;

/** A server in this process with clients in memory, and its inspector. */
async function crowd(count) {
  const { inspect } = await import("valve-sockets/inspector");
  const { defineMessage, defineProtocol, NetworkClient, NetworkServer } = await import("valve-sockets/message");
  const { string } = await import("valve-sockets/serialization");
  const { MemoryNetwork, MemorySocketFactory } = await import("valve-sockets/socket");
  const Chat = defineMessage("chat", string(100));
  const protocol = defineProtocol({ name: "crowd", version: 1, messages: [Chat] });
  const socketFactory = new MemorySocketFactory(new MemoryNetwork());
  const server = new NetworkServer({ protocol, socketFactory, peer: { maxConnections: count } });
  await server.start();
  const clients = Array.from({ length: count }, () => new NetworkClient({ protocol, socketFactory }));
  for (const client of clients) await client.connect();
  const inspector = await inspect(server);
  const close = async () => {
    await inspector.close();
    await Promise.all(clients.map((client) => client.disconnect()));
    await server.stop();
  };
  return { server, inspector, close };
}

/**
 * The share of a core that a page takes of the server which asks four times a second, its own requests included. They
 * come one after the other, so that what else the server does in that time is little beside them.
 */
async function looking(quick) {
  const { inspector, close } = await crowd(200);
  const headers = { authorization: `Bearer ${inspector.token}` };
  const url = `${inspector.url.split("#")[0]}snapshot?views=connections`;
  const cpuMsOf = async (count) => {
    const before = process.cpuUsage();
    for (let index = 0; index < count; index++) await (await fetch(url, { headers })).arrayBuffer();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / count;
  };
  await cpuMsOf(50);
  const cpuMs = await cpuMsOf(quick ? 100 : 1000);
  await close();
  return (cpuMs * SNAPSHOTS_PER_SECOND) / 1000;
}

/**
 * Chromium draws the table of a thousand connections while it scrolls: milliseconds from frame to frame, and what each
 * takes of the processor in the page's thread, which other programs change less.
 */
async function frames(quick) {
  const { inspector, close } = await crowd(1000);
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(inspector.url);
  await page.getByRole("row").nth(20).waitFor();
  const devTools = await page.context().newCDPSession(page);
  await devTools.send("Performance.enable", { timeDomain: "threadTicks" });
  const busyMs = async () => {
    const { metrics } = await devTools.send("Performance.getMetrics");
    return 1000 * metrics.find(({ name }) => name === "TaskDuration").value;
  };
  const before = await busyMs();
  const { count, ms } = await page.evaluate(`new Promise((resolve) => {
    const table = document.querySelector("[role=table]");
    const start = performance.now();
    let count = 0;
    const next = (now) => {
      count++;
      table.scrollTop = (table.scrollTop + 40) % 20000;
      if (now - start < ${quick ? 2000 : 8000}) requestAnimationFrame(next);
      else resolve({ count, ms: now - start });
    };
    requestAnimationFrame(next);
  })`);
  const cpuMs = (await busyMs()) - before;
  await browser.close();
  await close();
  return { frameMs: ms / count, cpuMs: cpuMs / count };
}

export const scenarios = [
  {
    name: "200 connections, looked at",
    async run({ quick, onSample }) {
      const share = await looking(quick);
      onSample();
      const row = { name: "200 connections, 4 snapshots a second", unit: "share of a core", target: 1 };
      return { cases: [compareGoal(row, share, 0.05)] };
    },
  },
  {
    name: "1000 connections, the page",
    async run({ quick, onSample }) {
      const { frameMs, cpuMs } = await frames(quick);
      onSample();
      const row = { unit: "ms", target: 1 };
      return {
        cases: [
          compareGoal({ ...row, name: "1000 connections, from frame to frame of the page" }, frameMs, 1000 / 30),
          compareGoal({ ...row, name: "1000 connections, CPU of a frame of the page" }, cpuMs, 1000 / 30),
        ],
      };
    },
  },
];
