import { describe, expect, test } from "vitest";
import { JitterBuffer, Turn } from "../../../lib/comms/sound/jitter-buffer.js";
import { type Arrival, lines, type Trace, trace } from "./lines.js";

const FRAME_MS = 20;
const READ_MS = 5;
const bytes = new Uint8Array(60);

interface Played {
  /** When each frame was asked for. */
  readonly turns: { atMs: number; turn: Turn; delayMs: number; frame: number | null }[];
  readonly latePercent: number;
  /** The mean of how long frames waited beyond the quickest packet. */
  readonly delayMs: number;
}

/** Plays what arrives, asked for by a sink that reads every 5 ms. */
function play(arrivals: readonly Arrival[]): Played {
  const buffer = new JitterBuffer(FRAME_MS);
  const turns: Played["turns"] = [];
  const endMs = (arrivals.at(-1)?.atMs ?? 0) + 1000;
  let next = 0;
  let dueMs = 0;
  for (let now = 0; now < endMs; now += READ_MS) {
    for (let arrival = arrivals[next]; arrival && arrival.atMs <= now; arrival = arrivals[++next]) {
      new DataView(bytes.buffer).setUint32(0, arrival.frame);
      buffer.put(arrival.frame & 0xffff, arrival.frame & 0xffff, bytes, 0, bytes.length, arrival.atMs);
    }
    if (buffer.isWaiting(now)) dueMs = now;
    while (!buffer.isWaiting(now) && dueMs <= now && buffer.played + buffer.missing < arrivals.length) {
      const turn = buffer.take(now);
      const { buffer: read, byteOffset } = buffer.bytes;
      const frame = turn === Turn.Frame ? new DataView(read, byteOffset).getUint32(0) : null;
      turns.push({ atMs: now, turn, delayMs: buffer.delayMs, frame });
      const changeMs = buffer.wantedChangeMs(now, false);
      if (changeMs !== 0) buffer.changed(changeMs, now);
      dueMs += FRAME_MS + changeMs;
    }
  }
  const delayMs = turns.reduce((sum, turn) => sum + turn.delayMs, 0) / turns.length;
  return { turns, latePercent: (100 * buffer.late) / arrivals.length, delayMs };
}

/** The delay that 99 % of the packets have at most, beyond the quickest. */
function p99(arrivals: readonly Arrival[]): number {
  const delays = arrivals.map(({ atMs, sentMs }) => atMs - sentMs).sort((a, b) => a - b);
  return (delays[Math.floor(0.99 * delays.length)] as number) - (delays[0] as number);
}

describe.each(Object.entries(lines))("a line with jitter that is %s", (_, line) => {
  test.each([0, 10, 20, 40, 60, 80])(
    "%i ms: at most one in a hundred comes late, and sound waits no longer than it must",
    (jitterMs) => {
      const arrivals = trace({ line: line(jitterMs), seconds: 300, seed: 7 });
      const { delayMs, latePercent } = play(arrivals);
      expect(latePercent).toBeLessThanOrEqual(1);
      expect(delayMs).toBeLessThanOrEqual(p99(arrivals) + 30);
    },
  );
});

const uniform: Trace = { line: lines.uniform(20), seconds: 60 };

test("a pause of 300 ms is over within 2 s", () => {
  const { turns } = play(trace({ ...uniform, spike: { atMs: 20_000, ms: 300 } }));
  const later = turns.filter(({ atMs }) => atMs > 22_300 && atMs < 59_000);
  expect(later.every(({ turn }) => turn === Turn.Frame)).toBe(true);
  expect(Math.max(...later.map(({ delayMs }) => delayMs))).toBeLessThan(60);
});

test.each([300, 1300, 5000])(
  "after a line that stood still for %i ms nothing is heard that is over 200 ms late",
  (ms) => {
    const arrivals = trace({ ...uniform, spike: { atMs: 20_000, ms } });
    const quickestMs = Math.min(...arrivals.map(({ atMs, sentMs }) => atMs - sentMs));
    const { turns } = play(arrivals);
    const heard = turns.filter(({ frame }) => frame !== null);
    const ages = heard.map(({ atMs, frame }) => atMs - (arrivals[frame as number]?.sentMs ?? 0) - quickestMs);
    expect(heard.length).toBeGreaterThan(2900 - ms / 20);
    expect(Math.max(...ages)).toBeLessThan(200);
  },
);

test.each([200, -200])("clocks that are %i ppm apart do not matter within 30 minutes", (ppm) => {
  const { delayMs, latePercent, turns } = play(trace({ ...uniform, seconds: 1800, drift: ppm / 1e6 }));
  expect(latePercent).toBeLessThanOrEqual(1);
  expect(delayMs).toBeLessThan(60);
  expect(Math.max(...turns.slice(1000).map((turn) => turn.delayMs))).toBeLessThan(80);
});

test.each([400, 3000])("a speaker that stands still for %i ms, and does not count the time, is heard again", (ms) => {
  const arrivals = trace(uniform).map((arrival) => ({
    ...arrival,
    atMs: arrival.frame < 1000 ? arrival.atMs : arrival.atMs + ms,
  }));
  const { latePercent } = play(arrivals);
  expect((latePercent / 100) * arrivals.length).toBeLessThanOrEqual(40); // 0.8 s
});

test("speech that comes late at first, and then at once, is in time within a second", () => {
  const arrivals = trace(uniform).map((arrival) => ({ ...arrival, atMs: Math.max(arrival.atMs, 1000) }));
  const { turns } = play(arrivals);
  const later = turns.filter(({ atMs }) => atMs >= 2000);
  expect(later.length).toBeGreaterThan(1000);
  for (const { delayMs } of later) expect(delayMs).toBeLessThan(300);
});
