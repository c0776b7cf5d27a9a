import { expect, onTestFinished, test, vi } from "vitest";
import { ConnectionGuard, type GuardEvents, type Pass } from "../../lib/guard/connection-guard.js";
import type { ExportedGuard } from "../../lib/guard/guard-lists.js";
import type { GuardOptions } from "../../lib/guard/guard-options.js";
import { FakeClock } from "../../lib/testing/index.js";

function setup(options: Partial<GuardOptions> = {}) {
  const clock = new FakeClock();
  const guard = new ConnectionGuard(options, clock);
  const events: unknown[][] = [];
  for (const name of ["throttled", "banned", "flood", "calm"] as const) {
    guard.on(name, (...args: GuardEvents[typeof name]) => events.push([name, ...args]));
  }
  /** What becomes of so many connections of an address at once: how many pass, are throttled, are banned. */
  const knock = (address: string, count: number) => {
    const results = { passed: 0, throttled: 0, banned: 0 };
    for (let at = 0; at < count; at++) results[guard.accept(address).refused ?? "passed"]++;
    return results;
  };
  /** Strangers of 4096 addresses and as many networks begin a flood. None of them is over its rate. */
  const flood = (perSecond = 4096, seconds = 1) => {
    for (let at = 0; at < perSecond * seconds; at++) {
      guard.accept(`10.${64 + ((at >> 8) & 15)}.${at & 255}.1:5000`);
      if (at % 16 === 15) clock.advance(16_000 / perSecond);
    }
  };
  return { clock, guard, events, knock, flood, eventNames: () => events.map(([name]) => name) };
}

const passOf = (guard: ConnectionGuard, address: string): Pass => guard.accept(address) as Pass;

test("in peace 300 clients behind one address get in, and nobody is banned", () => {
  const { guard, knock, events } = setup();
  expect(knock("192.0.2.7", 300)).toEqual({ passed: 300, throttled: 0, banned: 0 });
  expect(guard.isUnderAttack).toBe(false);
  expect(events).toEqual([]);
  expect(guard.counters).toEqual({
    passed: 300,
    pending: 300,
    proven: 0,
    throttled: 0,
    banned: 0,
    kernelDropped: 0,
    bans: 0,
    floods: 0,
  });
});

test("5 times the average is a flood", () => {
  const { clock, guard, flood } = setup();
  flood(128, 600);
  expect(guard.isUnderAttack).toBe(false);
  // Of this second and the one before, in which 128 came: up to 5 * 128 a second are none.
  for (let at = 0; at < 9 * 128 - 1; at++) guard.accept("192.0.2.7");
  expect(guard.isUnderAttack).toBe(false);
  for (let at = 0; at < 4; at++) guard.accept("192.0.2.7");
  expect(guard.isUnderAttack).toBe(true);
  clock.advance(60_000);
  expect(guard.isUnderAttack).toBe(false);
});

test("during a flood an address has 20 connections at once and 10 a second", () => {
  const { clock, guard, flood, knock, events } = setup();
  flood();
  expect(guard.isUnderAttack).toBe(true);
  expect(events).toEqual([["flood", { perSecond: 200.5, averagePerSecond: 0 }]]);
  expect(knock("192.0.2.7", 25)).toEqual({ passed: 20, throttled: 5, banned: 0 });
  clock.advance(500);
  expect(knock("192.0.2.7:1234", 6)).toEqual({ passed: 5, throttled: 1, banned: 0 });
  expect(knock("[::ffff:192.0.2.7]:80", 1)).toEqual({ passed: 0, throttled: 1, banned: 0 });
  expect(knock("192.0.2.8", 1).passed).toBe(1);
  // One word for all that it was refused.
  expect(events.slice(1)).toEqual([["throttled", "192.0.2.7"]]);
});

test("what an address has used in peace counts in the flood, and no more than its burst", () => {
  const { clock, flood, knock } = setup();
  knock("192.0.2.7", 200);
  flood(4096, 0.25);
  expect(knock("192.0.2.7", 5)).toEqual({ passed: 2, throttled: 3, banned: 0 });
  clock.advance(1000);
  expect(knock("192.0.2.7", 11).passed).toBe(10);
});

test.each([
  ["/24", (at: number) => `192.0.2.${at}`, "192.0.2.0/24", "192.0.3.1"],
  ["/64", (at: number) => `2001:db8:0:1::${at.toString(16)}`, "2001:db8:0:1::/64", "2001:db8:0:2::1"],
])("a %s has 160 connections at once and 80 a second", (_, addressAt, network, other) => {
  const { clock, guard, flood, events } = setup();
  flood();
  const passed = (count: number) =>
    Array.from({ length: count }, (_, at) => guard.accept(addressAt(at + 1)).refused).filter((one) => one === null)
      .length;
  expect(passed(165)).toBe(160);
  expect(events.at(-1)).toEqual(["throttled", network]);
  clock.advance(1000);
  expect(passed(85)).toBe(80);
  expect(guard.accept(other).refused).toBeNull();
});

test("an address that is over its rate takes nothing from its neighbours", () => {
  const { flood, knock } = setup();
  flood();
  knock("192.0.2.7", 1000);
  expect(knock("192.0.2.8", 20).passed).toBe(20);
});

test("10 offences in 120 s ban an address for 300 s", () => {
  const { clock, guard, flood, knock, events } = setup();
  flood();
  expect(knock("192.0.2.7", 40)).toEqual({ passed: 20, throttled: 10, banned: 10 });
  expect(events.slice(1)).toEqual([
    ["throttled", "192.0.2.7"],
    ["banned", "192.0.2.7", 300_000],
  ]);
  expect(guard.counters).toMatchObject({ throttled: 10, banned: 10, bans: 1 });
  clock.advance(299_999);
  expect(guard.isUnderAttack).toBe(false);
  expect(knock("192.0.2.7", 1).banned).toBe(1);
  clock.advance(1);
  expect(knock("192.0.2.7", 1).passed).toBe(1);
});

test("offences are forgotten after 120 s", () => {
  const { clock, flood, knock } = setup();
  flood();
  expect(knock("192.0.2.7", 29)).toEqual({ passed: 20, throttled: 9, banned: 0 });
  for (let second = 0; second < 121; second++) flood(512);
  expect(knock("192.0.2.7", 29)).toEqual({ passed: 20, throttled: 9, banned: 0 });
  clock.advance(100);
  expect(knock("192.0.2.7", 3)).toEqual({ passed: 1, throttled: 1, banned: 1 });
});

test("a network of many sources is never banned: who lives beside attackers gets in when they stop", () => {
  const { clock, guard, flood, events } = setup();
  flood();
  let refused = 0;
  for (let at = 0; at < 5000; at++) if (guard.accept(`192.0.2.${at % 250}`).refused) refused++;
  expect(refused).toBe(4840);
  expect(guard.counters.bans).toBe(0);
  expect(guard.accept("192.0.2.251").refused).toBe("throttled");
  clock.advance(1000);
  expect(guard.isUnderAttack).toBe(true);
  expect(guard.accept("192.0.2.251").refused).toBeNull();
  expect(events.filter(([name]) => name === "throttled")).toEqual([["throttled", "192.0.2.0/24"]]);
});

test("a /64 is one source: its addresses share their offences and a ban", () => {
  const { flood, knock, events } = setup();
  flood();
  knock("2001:db8::1", 25);
  expect(knock("2001:db8::2", 25)).toEqual({ passed: 20, throttled: 5, banned: 0 });
  expect(events.at(-1)).toEqual(["banned", "2001:db8:0:0::/64", 300_000]);
  expect(knock("[2001:db8::3]:80", 1).banned).toBe(1);
});

test("loopback is neither limited nor banned, and no proof is needed", () => {
  const { guard, flood, knock } = setup();
  flood();
  for (const host of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) expect(knock(host, 500).passed).toBe(500);
  expect(guard.counters.bans).toBe(0);
  passOf(guard, "127.0.0.1").proven();
  expect(guard.export().known).toEqual([]);
  guard.import(guard.export());
});

test("a source that has proved itself may do 16 times as much, whatever its neighbours do, and is not banned", () => {
  const { clock, guard, knock, flood } = setup();
  passOf(guard, "192.0.2.7").proven();
  passOf(guard, "2001:db8::7").proven();
  flood();
  for (let neighbour = 100; neighbour < 200; neighbour++) knock(`192.0.2.${neighbour}`, 5);
  expect(knock("192.0.2.50", 1)).toEqual({ passed: 0, throttled: 1, banned: 0 });
  for (const address of ["192.0.2.7", "2001:db8::7"]) {
    expect(knock(address, 10_000)).toEqual({ passed: 320, throttled: 9680, banned: 0 });
    clock.advance(1000);
    expect(knock(address, 200).passed).toBe(160);
  }
});

test("identities are one source, which is limited and never banned or known", () => {
  const { clock, guard, flood, knock } = setup();
  flood();
  passOf(guard, "str:somebody").proven();
  expect(knock("str:somebody", 10).passed).toBe(10);
  expect(knock("steamid:76561198000000000", 100)).toEqual({ passed: 9, throttled: 91, banned: 0 });
  clock.advance(1000);
  expect(knock("str:another", 20).passed).toBe(10);
});

test("a source that has proved itself passes for 10 min, counted from the end of its connection", () => {
  const { clock, guard, flood, knock } = setup();
  const pass = passOf(guard, "192.0.2.7:1");
  pass.proven();
  clock.advance(3_600_000);
  pass.ended();
  clock.advance(598_000);
  flood();
  expect(knock("192.0.2.7:2", 200).passed).toBe(200);
  clock.advance(1000);
  expect(knock("192.0.2.7:2", 25)).toEqual({ passed: 20, throttled: 5, banned: 0 });
  const again = passOf(guard, "192.0.2.8");
  again.proven();
  expect(knock("192.0.2.8", 200).passed).toBe(200);
  clock.advance(599_999);
  flood();
  clock.advance(1);
  expect(knock("192.0.2.8", 25).throttled).toBe(5);
});

test("a pass counts once, whatever is called how often", () => {
  const { guard } = setup();
  const proven = passOf(guard, "192.0.2.1");
  const silent = passOf(guard, "192.0.2.2");
  expect(guard.counters).toMatchObject({ passed: 2, pending: 2 });
  proven.proven();
  proven.proven();
  expect(guard.counters).toMatchObject({ pending: 1, proven: 1 });
  for (const pass of [proven, silent, proven, silent]) pass.ended();
  silent.proven();
  expect(guard.counters).toMatchObject({ passed: 2, pending: 0, proven: 1 });
  expect(guard.export().known).toEqual([["192.0.2.1", 600_000]]);
});

test("calm comes 30 s after a flood with what it cost, and the rates hold no longer", () => {
  const { clock, guard, flood, knock, events, eventNames } = setup();
  flood();
  knock("192.0.2.7", 25);
  clock.advance(30_000);
  expect(eventNames()).toEqual(["flood", "throttled", "calm"]);
  expect(events.at(-1)?.[1]).toMatchObject({ refused: 5 });
  expect(guard.isUnderAttack).toBe(false);
  expect(knock("192.0.2.7", 200).passed).toBe(200);
  flood();
  expect(eventNames().at(-1)).toBe("flood");
  expect(guard.counters.floods).toBe(2);
});

test("a connection takes no timer, and close takes back that of a flood", () => {
  const { clock, guard, flood } = setup();
  for (let at = 0; at < 100; at++) guard.accept(`192.0.2.${at}`);
  expect(clock.timerCount).toBe(0);
  flood();
  expect(clock.timerCount).toBe(1);
  guard.close();
  expect(clock.timerCount).toBe(0);
});

test("a guard that is closed during a flood and used again is calm, and knows the next flood", () => {
  const { clock, guard, flood, knock, eventNames } = setup();
  flood();
  guard.close();
  expect(guard.isUnderAttack).toBe(false);
  clock.advance(60_000);
  expect(knock("192.0.2.7", 100).passed).toBe(100);
  flood();
  clock.advance(30_000);
  expect(eventNames()).toEqual(["flood", "flood", "calm"]);
});

test("the administrator bans in peace, a flood does not displace such a ban, and unban ends it", () => {
  const { clock, guard, knock, events } = setup();
  guard.ban("192.0.2.7:4000", 1000);
  guard.ban("2001:db8::1", Number.POSITIVE_INFINITY);
  expect(events).toEqual([
    ["banned", "192.0.2.7", 1000],
    ["banned", "2001:db8:0:0::/64", Number.POSITIVE_INFINITY],
  ]);
  expect(knock("192.0.2.7", 1).banned).toBe(1);
  clock.advance(1000);
  expect(knock("192.0.2.7", 1).passed).toBe(1);
  clock.advance(1e9);
  expect(knock("2001:db8::9", 1).banned).toBe(1);
  expect(guard.unban("2001:db8::5")).toBe(true);
  expect(guard.unban("2001:db8::5")).toBe(false);
  expect(knock("2001:db8::9", 1).passed).toBe(1);
});

test("unban ends the ban of a flood too", () => {
  const { guard, flood, knock } = setup();
  flood();
  knock("192.0.2.7", 31);
  expect(guard.unban("192.0.2.7")).toBe(true);
  expect(guard.accept("192.0.2.7").refused).toBe("throttled");
});

test("allowed networks are not limited, bans of floods in them end, and the administrator's hold", () => {
  const { guard, flood, knock } = setup();
  flood();
  expect(knock("192.0.2.7", 40).banned).toBe(10);
  expect(knock("198.51.100.1", 40).banned).toBe(10);
  guard.ban("192.0.2.8", 1000);
  guard.allow("192.0.2.0/24");
  guard.allow("2001:db8::/32");
  expect(knock("192.0.2.7", 500).passed).toBe(500);
  expect(knock("192.0.2.8", 1).banned).toBe(1);
  expect(knock("2001:db8:5::1", 500).passed).toBe(500);
  expect(knock("198.51.100.1", 1).banned).toBe(1);
});

test("lists survive a restart, and the time between counts", () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
  onTestFinished(() => void vi.useRealTimers());
  const before = setup();
  before.guard.ban("192.0.2.1", 60_000);
  before.guard.ban("192.0.2.2", 10_000);
  before.guard.ban("2001:db8::1", Number.POSITIVE_INFINITY);
  before.guard.allow("198.51.100.0/24");
  passOf(before.guard, "192.0.2.3").proven();
  before.clock.advance(5000);
  const exported = JSON.parse(JSON.stringify(before.guard.export())) as ExportedGuard;
  vi.setSystemTime(1_800_000_020_000);

  const { clock, guard, flood, knock } = setup();
  clock.advance(77);
  guard.import(exported);
  expect(guard.export()).toEqual({
    version: 1,
    exportedMs: 1_800_000_020_000,
    bans: [
      ["192.0.2.1", 35_000],
      ["2001:db8:0:0::/64", null],
    ],
    known: [["192.0.2.3", 575_000]],
    allowed: ["198.51.100.0/24"],
  });
  flood();
  expect(knock("192.0.2.1", 1).banned).toBe(1);
  expect(knock("192.0.2.3", 100).passed).toBe(100);
  expect(knock("198.51.100.9", 100).passed).toBe(100);
});

const whole: ExportedGuard = { version: 1, exportedMs: 0, bans: [["192.0.2.1", null]], known: [], allowed: ["::/0"] };

test.each<[string, unknown]>([
  ["nothing", null],
  ["a text", "{}"],
  ["another version", { ...whole, version: 2 }],
  ["no time", { ...whole, exportedMs: Number.NaN }],
  ["no list", { ...whole, known: {} }],
  ["a source", { ...whole, known: [["host", 1]] }],
  ["loopback", { ...whole, bans: [["127.0.0.1", 1]] }],
  ["a time", { ...whole, known: [["192.0.2.1", "1"]] }],
  ["an entry", { ...whole, known: ["192.0.2.1"] }],
  ["a network", { ...whole, allowed: ["10.0.0.0/33"] }],
  ["a network that is no text", { ...whole, allowed: [["10.0.0.0/8"]] }],
  ["too many networks", { ...whole, allowed: Array.from({ length: 1025 }, (_, at) => `10.0.${at >> 8}.${at & 255}`) }],
])("an import that is malformed adds nothing: %s", (_, exported) => {
  const { guard } = setup();
  expect(() => guard.import(exported as ExportedGuard)).toThrow(expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }));
  expect(guard.export()).toMatchObject({ bans: [], known: [], allowed: [] });
});

test.each<[string, (guard: ConnectionGuard) => void, string]>([
  ["loopback", (guard) => guard.ban("127.0.0.1", 1), "ERR_OUT_OF_RANGE"],
  ["an identity", (guard) => guard.ban("str:somebody", 1), "ERR_OUT_OF_RANGE"],
  ["no address", (guard) => guard.ban(null as never, 1), "ERR_OUT_OF_RANGE"],
  ["a time", (guard) => guard.ban("192.0.2.1", Number.NaN), "ERR_OUT_OF_RANGE"],
  ["no time", (guard) => guard.ban("192.0.2.1", undefined as never), "ERR_INVALID_ARG_TYPE"],
  ["a network", (guard) => guard.allow("10.0.0.0/33"), "ERR_OUT_OF_RANGE"],
  ["accept", (guard) => guard.accept(undefined as never), "ERR_INVALID_ARG_TYPE"],
  ["an option", () => new ConnectionGuard({ banMs: -1 }), "ERR_OUT_OF_RANGE"],
  ["an unknown option", () => new ConnectionGuard({ banMS: 1 } as never), "ERR_UNKNOWN_OPTION"],
])("wrong arguments are clear errors: %s", (_, call, code) => {
  expect(() => call(setup().guard)).toThrow(expect.objectContaining({ code }));
});

test("its options are its numbers", () => {
  const { clock, guard, flood, knock } = setup({
    addressPerSecond: 1,
    addressBurst: 2,
    banMs: 50,
    knownMs: 100,
    floodPerSecond: 1000,
  });
  flood(800, 2);
  expect(guard.isUnderAttack).toBe(false);
  flood(4096, 0.75);
  expect(guard.isUnderAttack).toBe(true);
  expect(knock("192.0.2.7", 13)).toEqual({ passed: 2, throttled: 10, banned: 1 });
  clock.advance(50);
  expect(knock("192.0.2.7", 1).throttled).toBe(1);
  passOf(guard, "192.0.2.8").proven();
  expect(guard.export().known).toEqual([["192.0.2.8", 100]]);
});

test.each([
  ["addressPerSecond", { addressPerSecond: Number.MAX_VALUE }],
  ["addressBurst", { addressBurst: Number.MAX_VALUE }],
])("the largest %s limits nobody, in no part of a millisecond", (_, options) => {
  const { guard, flood, knock } = setup(options);
  flood();
  passOf(guard, "192.0.2.8").proven();
  for (const address of ["192.0.2.7", "192.0.2.8"]) expect(knock(address, 20)).toMatchObject({ passed: 20 });
});

test("full tables take at most 16 MB, and an administrator's bans stay", () => {
  const collect = globalThis.gc as () => void;
  const takenBytes = () => {
    collect();
    const { arrayBuffers, heapUsed } = process.memoryUsage();
    return arrayBuffers + heapUsed;
  };
  const clock = new FakeClock();
  const guard = new ConnectionGuard({}, clock);
  const beforeBytes = takenBytes();
  const hostAt = (net: string, at: number) =>
    `[2001:${net}:${(at >> 16).toString(16)}:${(at & 0xffff).toString(16)}::1]`;
  for (let at = 0; at < 65_536; at++) guard.ban(hostAt("db9", at), Number.POSITIVE_INFINITY);
  for (let at = 0; at < 70_000; at++) {
    const pass = passOf(guard, hostAt("db8", at));
    pass.proven();
    pass.ended();
    if (at % 100 === 0) clock.advance(100);
  }
  expect(guard.export().known).toHaveLength(65_536);
  expect(takenBytes() - beforeBytes).toBeLessThan(16e6);
  for (const at of [0, 65_535]) expect(guard.accept(hostAt("db9", at)).refused).toBe("banned");
});
