import type { Browser, Page } from "playwright-core";
import { ConnectionGuard, type Pass } from "valve-sockets/guard";
import { inspect, prometheusText } from "valve-sockets/inspector";
import { defineProtocol, NetworkServer } from "valve-sockets/message";
import { MemoryNetwork, MemorySocketFactory } from "valve-sockets/socket";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { launchBrowser } from "../support/browser-page.js";

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

/** What stands under the heading of the guard, by name. */
const shown = (page: Page): Promise<Record<string, string>> =>
  page.evaluate(
    "Object.fromEntries([...document.querySelectorAll('dl div')].map((row) => [...row.children].map((one) => " +
      "one.textContent)).filter(([name]) => name.startsWith('guard.')).map(([name, value]) => [name.slice(6), value]))",
  );

test("the page shows the state of the guard: who waits, bans, rates, and whether it is a flood", async () => {
  const guard = new ConnectionGuard({ floodPerSecond: 20, addressBurst: 2, addressPerSecond: 0.001 });
  const protocol = defineProtocol({ name: "guarded", version: 1, messages: [] });
  const socketFactory = new MemorySocketFactory(new MemoryNetwork());
  const server = new NetworkServer({ protocol, socketFactory, peer: { guard } });
  await server.start();
  const inspector = await inspect(server);
  const page = await browser.newPage();
  onTestFinished(async () => {
    await page.close();
    await inspector.close();
    guard.close();
    await server.stop();
  });
  /** Until the page has what the guard has now. */
  const seen = async () => {
    const figures = Object.entries(guard.metrics).map(([name, value]) => [name, Number(value).toLocaleString("en")]);
    await expect.poll(() => shown(page), { timeout: 30_000 }).toEqual(Object.fromEntries(figures));
  };
  await page.goto(inspector.url);
  await page.getByRole("tab", { name: "All figures" }).click();
  await page.getByRole("heading", { name: "Guard: calm" }).waitFor();
  const [first, second] = [1, 2].map((at) => guard.accept(`198.51.100.${at}`) as Pass) as [Pass, Pass];
  guard.ban("203.0.113.9", Number.POSITIVE_INFINITY);
  expect(guard.metrics).toMatchObject({ pending: 2, bannedByHand: 1, bannedByFloods: 0, rates: 3 });
  await seen();

  first.proven();
  second.ended();
  for (let count = 0; count < 200; count++) guard.accept("192.0.2.7");
  for (let at = 0; at < 1500; at++) guard.accept(`10.${at % 250}.${at >> 8}.1`);
  expect(guard.accept("203.0.113.9")).toMatchObject({ refused: "banned" });
  await page.getByRole("heading", { name: "Guard: under attack" }).waitFor();
  const { metrics } = guard;
  expect(metrics).toMatchObject({ isUnderAttack: true, proven: 1, bannedByHand: 1, bannedByFloods: 1, bans: 1 });
  expect(metrics.pending).toBeGreaterThan(1000);
  expect(metrics.rates).toBeGreaterThan(1500);
  await seen();

  guard.unban("203.0.113.9");
  guard.unban("192.0.2.7");
  expect(guard.metrics).toMatchObject({ bannedByHand: 0, bannedByFloods: 0, bans: 1 });
  await seen();
  const text = prometheusText(server.metrics);
  for (const name of ["pending", "is_under_attack", "banned_by_floods", "banned_by_hand", "rates"])
    expect(text).toContain(`# TYPE valve_sockets_guard_${name} gauge`);
  expect(text).toContain("valve_sockets_guard_bans_total 1");
});
