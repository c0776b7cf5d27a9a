import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runQuickstart } from "../../examples/quickstart/run.mjs";
import { SequenceCheck } from "../../examples/quickstart/sequence-check.mjs";
import { nextSteps, summarize } from "../../examples/quickstart/summary.mjs";
import { LiveTable } from "../../examples/quickstart/table.mjs";

const small = { clients: 2, messages: 40, loss: 5, lag: 5 };
const faultyClient = fileURLToPath(new URL("./faulty-client.mjs", import.meta.url));

test("delivers every reliable message once and in order", async () => {
  const reports: { id: number }[] = [];
  const results = await runQuickstart(small, (report: { id: number }) => reports.push(report));
  const { ok, text } = summarize(results, small);
  expect(text).toContain("Every one of 80 reliable messages was delivered once and in order");
  expect(text).toMatch(/Unreliable messages delivered: \d+ of 80/);
  expect(ok).toBe(true);
  expect(new Set(reports.map((report) => report.id))).toEqual(new Set([0, 1]));
});

test.each(["lost", "reordered", "repeated"])("fails when a message is %s", async (fault) => {
  const settings = { ...small, clients: 1, loss: 0, clientProgram: faultyClient, fault };
  const { ok, text } = summarize(await runQuickstart(settings), settings);
  expect(text).toContain("Client 1: ");
  expect(ok).toBe(false);
});

test("fails when a client ends without a result", async () => {
  const settings = { ...small, clientProgram: faultyClient, fault: "crashed" };
  const { ok, text } = summarize(await runQuickstart(settings), settings);
  expect(text).toContain("Client 2 ended without a result");
  expect(ok).toBe(false);
});

test("fails without any client", () => {
  expect(summarize([], { messages: 1 }).ok).toBe(false);
});

test("tells order from disorder", () => {
  const check = new SequenceCheck();
  for (const number of [0, 1, 1, 3, 2]) check.take(number);
  expect(check).toEqual({ delivered: 3, faults: 2 });
});

test("what it names to go on with exists", () => {
  const paths = nextSteps().match(/\S+\.m(js|d)(?=: )/g) ?? [];
  expect(paths).toHaveLength(3);
  for (const path of paths) expect(existsSync(path)).toBe(true);
});

const report = { id: 0, ping: 9, quality: 1, outBytesPerSecond: 1500, inBytesPerSecond: 2500, delivered: 3 };

/** What a table writes of two reports of a client. */
function write(isTTY: boolean): { written: string[]; moves: number[] } {
  const [written, moves]: [string[], number[]] = [[], []];
  const moveCursor = (_columns: number, lines: number) => moves.push(lines);
  const stream = { isTTY, write: (text: string) => written.push(text), clearLine: () => {}, moveCursor };
  const table = new LiveTable(stream, { clients: 2, messages: 7 });
  table.show(report);
  table.show({ ...report, delivered: 7 });
  table.finish();
  return { written, moves };
}

test("without a terminal the table is written once, at the end", () => {
  const { written, moves } = write(false);
  expect(written.join("")).toMatch(/^ +client .*delivered\n +1 +9 ms +100 % +1\.5 kB\/s +2\.5 kB\/s +7\/7\n +2 *\n$/);
  expect(moves).toEqual([]);
});

test("in a terminal it is drawn again over itself", () => {
  const { written, moves } = write(true);
  expect(written).toHaveLength(6);
  expect(moves).toEqual([-3]);
});
