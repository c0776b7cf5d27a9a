import { expect, test } from "vitest";
import { InspectorScreen } from "../../lib/cli/inspector-screen.js";
import type { ConnectionRow, InspectorSnapshot } from "../../lib/inspector/index.js";

const rowOf = (id: number, more: Partial<ConnectionRow> = {}) =>
  ({
    ...{ id, address: `10.0.0.${id}:4000`, transport: "udp", state: "Authenticated", roundTripTimeMs: 10 * id },
    ...{ packetsLost: id, bytesSent: 0, bytesReceived: 0, bufferedBytes: 7, rates: null },
    ...more,
  }) as ConnectionRow;
const snapshotOf = (timeMs: number, ...connections: ConnectionRow[]) =>
  ({ name: "game", version: 2, timeMs, connections }) as unknown as InspectorSnapshot;
const linesOf = (text: string) => text.trimEnd().split("\n");
const terminal = (columns: number, rows = 24) => ({ isTerminal: true, columns, rows });

test("a terminal gets the columns that fit, and no line is longer", () => {
  for (const [width, heads] of [
    [120, "player address transport state round trip lost sent/s received/s queued"],
    [80, "player address round trip lost sent/s queued"],
    [60, "player address round trip sent/s"],
    [48, "player address round trip"],
    [8, "player"],
  ] as const) {
    const screen = new InspectorScreen();
    screen.show(snapshotOf(0, rowOf(1)), terminal(width));
    const lines = linesOf(screen.show(snapshotOf(1000, rowOf(1)), terminal(width)));
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(width);
    expect(lines[4]?.trim().split(/\s+/).join(" ")).toBe(heads);
  }
});

test("plots of the slowest round trip and of the traffic, as wide as there is room", () => {
  const screen = new InspectorScreen();
  expect(linesOf(screen.show(snapshotOf(0, rowOf(1)), terminal(80)))).toHaveLength(3);
  let text = "";
  for (let at = 1; at <= 8; at++) {
    const moving = { roundTripTimeMs: 10 * at, bytesSent: 500 * at * (at + 1) };
    text = screen.show(snapshotOf(1000 * at, rowOf(1, moving), rowOf(2, { roundTripTimeMs: 5 })), terminal(80));
  }
  const [title, slowest, sent, received] = linesOf(text);
  expect(title).toBe("game 2: 2 connections");
  expect(slowest).toMatch(/^slowest round trip +80\.0 ms +▂▂▃▄▅▅▆▇█$/);
  expect(sent).toMatch(/^sent\/s +8\.0 kB +▂▃▄▅▅▆▇█$/);
  expect(received).toMatch(/^received\/s +0\.0 kB +▁{8}$/);
  for (let at = 9; at < 1000; at++) text = screen.show(snapshotOf(1000 * at, rowOf(1)), terminal(80));
  expect(linesOf(text)[1]).toHaveLength(80);
});

test("connections of GNS have the rates that it measures, and its loss", () => {
  const rates = { sentBytes: 12_300, receivedBytes: 4500, loss: 0.05, jitterMs: 1 };
  const screen = new InspectorScreen();
  const [title, , row] = linesOf(screen.show(snapshotOf(0, rowOf(1, { rates })), terminal(120)));
  expect(title).toBe("game 2: 1 connection");
  expect(row).toMatch(/ 5\.0 % +12\.3 kB +4\.5 kB +7 B$/);
});

test("a long address is cut in a terminal, and nowhere else", () => {
  const address = "[2001:db8:1111:2222:3333:4444:5555:6666]:65535";
  const show = (size: ReturnType<typeof terminal>) =>
    new InspectorScreen().show(snapshotOf(0, rowOf(1, { address })), size);
  expect(show(terminal(80))).toContain("[2001:db8:1111:2222:33… 10.0 ms");
  expect(show({ isTerminal: false, columns: 0, rows: 20 })).toContain(`${address} udp`);
});

test("the slowest are shown where not all have room, and how many are left out", () => {
  const many = Array.from({ length: 50 }, (_, at) => rowOf(at + 1));
  const size = { isTerminal: false, columns: 0, rows: 20 };
  const lines = linesOf(new InspectorScreen().show(snapshotOf(0, ...many), size));
  expect(lines[2]).toMatch(/^50 /);
  expect(lines.at(-1)).toBe("and 34 more, which are faster");
  const inTerminal = new InspectorScreen();
  for (let at = 0; at < 3; at++) {
    expect(linesOf(inTerminal.show(snapshotOf(at, ...many), terminal(80, 10))).length).toBeLessThan(10);
  }
});
