import { expect, test } from "vitest";
import { MAX_ROWS, type MessageRow, Timeline } from "../../lib/inspector/page/timeline.js";
import { readTraceFile } from "../../lib/inspector/page/trace-file.js";
import { type Cause, slowTrace } from "../support/slow-messages.js";

const fileOf = (lines: readonly string[]) => new Blob([`${lines.join("\n")}\n`]);

/** The timeline of the server's connection in a trace, and its message that took long. */
async function slowMessage(lines: readonly string[]): Promise<{ timeline: Timeline; slow: MessageRow }> {
  const trace = await readTraceFile(fileOf(lines));
  expect(trace.unread).toBe(0);
  const timeline = [...trace.connections.values()].find(({ title }) => /\/1 /.test(title))?.timeline as Timeline;
  const found = timeline.rows.flatMap(({ message }) => (message?.name === "slow" ? [message] : []));
  expect(found).toHaveLength(1);
  return { timeline, slow: found[0] as MessageRow };
}

test.each([
  ["a lost packet", "lost and resent", 50, 70],
  ["a late tick", "waiting for a tick", 50, 50],
  ["a full queue", "queued", 50, 100],
  ["a slow handler", "in its handler", 50, 50],
] as [Cause, string, number, number][])(
  "a message that %s delayed says that it was %s",
  async (cause, stage, from, to) => {
    const { timeline, slow } = await slowMessage(await slowTrace(cause));
    expect(timeline.slowest).toBe(slow);
    const { longest, stages, totalMs } = timeline.explain(slow);
    expect(longest).toBe(stage);
    const { ms } = stages.find((one) => one.stage === stage) as { ms: number };
    expect(ms).toBeGreaterThanOrEqual(from);
    expect(ms).toBeLessThanOrEqual(to);
    // What is left is the way to the other side, its acknowledgement, and the way back.
    if (stage !== "in its handler") expect(totalMs - ms).toBeGreaterThanOrEqual(20);
    expect(totalMs - ms).toBeLessThanOrEqual(50);
  },
);

test("over UDP it has every packet with its fate, and which was sent again", async () => {
  const { timeline, slow } = await slowMessage(await slowTrace("a lost packet"));
  expect(timeline.hasPackets).toBe(true);
  const [first, second] = slow.parts.map(({ packet }) => packet);
  expect([first?.isResent, first?.acknowledgedMs]).toEqual([false, null]);
  expect(second?.isResent).toBe(true);
  expect(second?.acknowledgedMs).toBeGreaterThan(second?.sentMs ?? 0);
  const names = new Set(timeline.rows.map(({ event }) => event.name));
  for (const name of ["transport:packet_sent", "transport:packet_received", "recovery:packet_acknowledged"]) {
    expect(names).toContain(name);
  }
});

test.each(["stream", "reliable-lanes"] as const)(
  "over a %s it says that the transport has its own packets",
  async (kind) => {
    const { timeline, slow } = await slowMessage(await slowTrace("a full queue", kind));
    expect(timeline.hasPackets).toBe(false);
    expect(slow.leftMs).toBeGreaterThan(0);
    expect(timeline.explain(slow).end).toContain("The transport has taken it");
    expect(timeline.rows.some(({ event }) => event.name === "recovery:round_trip")).toBe(true);
  },
);

test("what was refused and what was lost for good says so", () => {
  const timeline = new Timeline();
  const message = { name: "m", channel: 1, bytes: 10, buffered: 70_000, queue: 6, start: 0, end: 10 };
  timeline.add({ ms: 1, name: "messages:refused", data: { ...message, message: 1 } });
  timeline.add({ ms: 2, name: "messages:sent", data: { ...message, message: 2 } });
  const explain = (at: number) => timeline.explain(timeline.rows[at]?.message as MessageRow);
  expect(explain(0)).toMatchObject({ totalMs: 0, end: expect.stringContaining("70000 bytes waited") });
  expect(explain(1).end).toContain("waits for a tick");
  timeline.add({ ms: 3, name: "transport:packet_sent", data: { number: 7, bytes: 40, pieces: [[6, 0, 10]] } });
  timeline.add({ ms: 90, name: "recovery:packet_declared_lost", data: { number: 7 } });
  expect(explain(1)).toMatchObject({ totalMs: 1, end: expect.stringContaining("nobody sends it again") });
});

test("what was dropped at an unknown time is not the slowest, and what waits is", () => {
  const timeline = new Timeline();
  expect(timeline.slowest).toBeNull();
  const sent = (ms: number, message: number, channel: number) =>
    timeline.add({ ms, name: "messages:sent", data: { message, channel, queue: channel, start: 0, end: 10 } });
  sent(1, 1, 1);
  timeline.add({ ms: 500, name: "recovery:flushed", data: { block: null } });
  expect(timeline.slowest).toBeNull();
  sent(600, 2, 0);
  timeline.add({ ms: 700, name: "recovery:round_trip", data: { ms: 40 } });
  expect(timeline.slowest?.number).toBe(2);
  timeline.add({ ms: 750, name: "messages:received", data: { message: 3, handler_ms: 120 } });
  expect(timeline.slowest?.number).toBe(2);
  timeline.add({ ms: 750, name: "messages:received", data: { message: 4, handler_ms: 170 } });
  expect(timeline.slowest?.number).toBe(4);
});

test("a file that somebody has made up costs no more than it may", async () => {
  const event = (data: unknown, name: unknown = "messages:sent", source = "server-1") =>
    JSON.stringify({ time: 1, source, name, data });
  const hostile = [
    event({ id: 1, name: { toString: null }, start: "x", end: Number.MAX_VALUE, message: [] }),
    event(
      { id: 1, pieces: Array.from({ length: 100 }, () => [0, -1e300, 1e300]), number: "__proto__" },
      "transport:packet_sent",
    ),
    event({ id: 1, pieces: { length: 1e9 } }, "transport:packet_sent"),
    event({ id: 1 }, "recovery:packet_acknowledged"),
    event({ id: 1 }, "recovery:flushed"),
    event({ id: { a: 1 } }, "__proto__"),
    event({ id: "x".repeat(20_000) }),
    event([], "messages:received"),
    event(null),
    "{",
    '"vantage',
  ];
  const trace = await readTraceFile(fileOf(hostile));
  for (const { timeline } of trace.connections.values()) {
    for (const { message } of timeline.rows) if (message) expect(timeline.explain(message).totalMs).not.toBeNaN();
  }
  expect(trace.unread).toBe(4);
  const many = await readTraceFile(fileOf(Array.from({ length: 3000 }, (_, at) => event({ id: at }))));
  expect([many.connections.size, many.unread]).toEqual([1000, 2000]);
  await expect(readTraceFile(new Blob(["x".repeat(1_000_000)]))).rejects.toThrow("No line of the file");
  const timeline = new Timeline();
  for (let ms = 0; ms < 2 * MAX_ROWS; ms++) timeline.add({ ms, name: "transport:packet_received", data: {} });
  expect(timeline.rows.length).toBeLessThanOrEqual(MAX_ROWS);
  expect(timeline.rows.length + timeline.leftOut).toBe(2 * MAX_ROWS);
});

const sent = (message: number, start: number, end: number, channel = 0) => ({
  ms: message,
  name: "messages:sent",
  data: { message, name: `m${message}`, channel, bytes: end - start, queue: 0, start, end },
});
const packet = (number: number, ...pieces: number[][]) => ({
  ms: 10_000 + number,
  name: "transport:packet_sent",
  data: { number, bytes: 1000, pieces },
});
const partsOf = ({ rows }: Timeline) =>
  rows.reduce((sum, { event, packet }) => sum + (event.name.endsWith("sent") ? (packet?.messages.length ?? 0) : 0), 0);

test("packets that claim to have a part of every message take no more than honest ones can need", () => {
  const everything = Array.from({ length: 8 }, () => [0, 0, 1e300]);
  const [same, apart] = [new Timeline(), new Timeline()];
  for (let at = 0; at < 1000; at++) {
    same.add(sent(at, 0, 1));
    apart.add(sent(at, at, at + 1));
  }
  for (const timeline of [same, apart]) {
    for (let number = 1; number <= 500; number++) timeline.add(packet(number, ...everything));
    for (let number = 1; number <= 500; number++)
      timeline.add({ ms: 20_000, name: "recovery:packet_acknowledged", data: { number } });
    expect(partsOf(timeline)).toBeLessThanOrEqual(20_000 + 500 * 10);
  }
});

test("a packet has the messages of its bytes, in whatever order they are acknowledged", () => {
  const timeline = new Timeline();
  for (let at = 0; at < 300; at++) timeline.add(sent(at, 10 * at, 10 * at + 10));
  for (let at = 0; at < 30; at++) timeline.add(packet(at, [0, 100 * at, 100 * at + 105], [1, 0, 50]));
  for (let at = 29; at >= 0; at--)
    timeline.add({ ms: 30_000 - at, name: "recovery:packet_acknowledged", data: { number: at } });
  const packets = timeline.rows.flatMap((row) => (row.event.name === "transport:packet_sent" ? [row.packet] : []));
  for (const [at, row] of packets.entries()) {
    const numbers = Array.from({ length: at === 29 ? 10 : 11 }, (_, index) => 10 * at + index);
    expect(row?.messages.map(({ number }) => number)).toEqual(numbers);
    for (const { doneMs, arrivedByMs, number } of row?.messages.slice(0, 10) ?? [])
      expect([number, doneMs, arrivedByMs]).toEqual([number, 30_000 - at, 10_000 + at]);
  }
  timeline.add(packet(30, [0, 0, 3000]));
  expect(timeline.rows.at(-1)?.packet?.messages).toEqual([]);
});

test("after a connection has come back its bytes count from the beginning, and belong to its own messages", () => {
  const timeline = new Timeline();
  timeline.add(sent(1, 0, 100));
  timeline.add(sent(2, 100, 200));
  timeline.add(sent(3, 0, 50));
  timeline.add(packet(1, [0, 0, 200]));
  expect(timeline.rows.at(-1)?.packet?.messages.map(({ name }) => name)).toEqual(["m3"]);
});
