import { expect, test } from "vitest";
import { ConnectionGuard } from "../../lib/guard/connection-guard.js";
import {
  type KernelCounters,
  parseKernelCounters,
  readKernelCounters,
  watchKernel,
} from "../../lib/guard/kernel-counters.js";
import { FakeClock } from "../../lib/testing/index.js";

const NETSTAT = `TcpExt: SyncookiesSent SyncookiesRecv ListenOverflows ListenDrops TCPHPHits
TcpExt: 2563 6433 24716 24720 7
IpExt: InNoRoutes InTruncatedPkts
IpExt: 0 0
`;

test("the counters are found by their names", () => {
  const found = { syncookiesSent: 2563, listenOverflows: 24_716, listenDrops: 24_720 };
  expect(parseKernelCounters(NETSTAT)).toEqual(found);
  for (const text of ["", "TcpExt: ListenDrops\nTcpExt: 1\n", NETSTAT.replace("24716", "x"), "IpExt: a\nIpExt: 1"]) {
    expect(parseKernelCounters(text)).toBeNull();
  }
});

test.skipIf(process.platform !== "linux")("this system has them", async () => {
  expect((await readKernelCounters())?.listenDrops).toBeGreaterThanOrEqual(0);
});

async function watching(steps: (KernelCounters | null)[]) {
  const clock = new FakeClock();
  const guard = new ConnectionGuard({}, clock);
  const floods: unknown[] = [];
  guard.on("flood", (figures) => floods.push(figures));
  const stop = watchKernel(guard, clock, async () => steps.shift() ?? null);
  const second = async () => {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    clock.advance(1000);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  };
  return { clock, guard, floods, stop, second };
}

const counters = (listenDrops: number, syncookiesSent = 0) => ({ listenOverflows: 0, listenDrops, syncookiesSent });

test("over 100 lost connections a second are a flood, what was lost before is none", async () => {
  const { guard, floods, second, stop } = await watching([
    counters(5000),
    counters(5100),
    counters(5150, 51),
    counters(5150, 51),
  ]);
  await second();
  expect(guard.isUnderAttack).toBe(false);
  await second();
  expect(guard.isUnderAttack).toBe(true);
  expect(floods).toEqual([{ perSecond: 101, averagePerSecond: 0 }]);
  expect(guard.counters.kernelDropped).toBe(101);
  stop();
});

test("a system without them costs no timer, and stop takes the timer back", async () => {
  const without = await watching([null]);
  await without.second();
  expect(without.clock.timerCount).toBe(0);
  const { clock, second, stop } = await watching([counters(1), counters(1), counters(1)]);
  await second();
  expect(clock.timerCount).toBe(1);
  stop();
  expect(clock.timerCount).toBe(0);
});

test("what is no guard or no clock is told at once", () => {
  const wrong = expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" });
  expect(() => watchKernel({} as never)).toThrow(wrong);
  expect(() => watchKernel(new ConnectionGuard(), {} as never)).toThrow(wrong);
  expect(() => new ConnectionGuard({}, {} as never)).toThrow(wrong);
});

test("a look that fails, as without a free descriptor during a flood, does not end the watch", async () => {
  const { clock, guard, second, stop } = await watching([counters(1), null, counters(200)]);
  await second();
  await second();
  expect(guard.counters.kernelDropped).toBe(199);
  expect(clock.timerCount).toBe(2); // the next look, and the end of the flood
  stop();
});
