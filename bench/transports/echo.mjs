import { Meter } from "../peer/meter.mjs";
import { percentile, report } from "../peer/report.mjs";

/** Returns every message. A line `start` on the standard input begins a measurement, `read` reports it. */
export async function echo({ listen }, options) {
  const meter = new Meter();
  const place = await listen((link, buffer, offset, length) => {
    meter.count++;
    link.send(buffer, offset, length);
  }, options);
  process.stdin.setEncoding("utf8").on("data", (text) => {
    if (text.includes("start")) meter.start();
    if (text.includes("read")) report("result", { ...meter.read(), addedBytes: process.memoryUsage.rss() - rss });
  });
  const rss = process.memoryUsage.rss();
  report("listening", place);
}

/** In so much silence something was lost: the window is filled anew. */
const SILENCE_MS = 250;

/**
 * Keeps `window` messages on their way, or sends `hz` a second, for `warmup` and then `seconds`, beside a `stream` if
 * asked: rate, CPU and round-trip times in microseconds.
 */
export async function load(
  { connect },
  { window = 1, hz = 0, size = 64, warmup = 0.5, seconds = 1, stream = false, ...options },
) {
  const payload = new Uint8Array(size).fill(120);
  const sentAt = new Float64Array(1);
  const sentAtBytes = new Uint8Array(sentAt.buffer);
  const stamp = new Float64Array(payload.buffer, 0, 1);
  const meter = new Meter();
  let times = new Float64Array(2 ** 20);
  let lastAnswerAt = performance.now();
  let isOver = false;
  const link = await connect((_, buffer, offset) => {
    const now = performance.now();
    for (let index = 0; index < 8; index++) sentAtBytes[index] = buffer[offset + index];
    if (meter.count === times.length) times = grown(times);
    times[meter.count++] = (now - sentAt[0]) * 1000;
    lastAnswerAt = now;
    if (!isOver && hz === 0) ask();
  }, options);

  if (stream) void link.fill();
  const ask = () => {
    stamp[0] = performance.now();
    link.send(payload, 0, size);
  };
  const fill = () => {
    for (let index = 0; index < window; index++) ask();
  };
  let refills = 0;
  const refill = () => {
    if (performance.now() - lastAnswerAt < SILENCE_MS) return;
    refills++;
    lastAnswerAt = performance.now();
    fill();
  };
  const timer = hz > 0 ? setInterval(ask, 1000 / hz) : setInterval(refill, 50);
  if (hz === 0) fill();
  /** On a busy machine nothing may have come back in that time: then it takes until something has. */
  const count = async (forSeconds) => {
    do await new Promise((resolve) => setTimeout(resolve, forSeconds * 1000));
    while (meter.count === 0);
  };
  await count(warmup);
  meter.start();
  refills = 0;
  report("warm");
  await count(seconds);
  const result = meter.read();
  isOver = true;
  clearInterval(timer);
  const sorted = times.subarray(0, result.count).sort();
  const [p50, p99] = [0.5, 0.99].map((share) => percentile(sorted, share));
  report("result", { ...result, p50, p99, refills });
}

function grown(values) {
  const larger = new Float64Array(2 * values.length);
  larger.set(values);
  return larger;
}
