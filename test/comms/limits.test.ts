// Bounds of single parts, each side of them.
import { describe, expect, test } from "vitest";
import { ClientIds } from "../../lib/comms/server/client-ids.js";
import { ServerClient } from "../../lib/comms/server/server-client.js";
import { LateMeter } from "../../lib/comms/voice/late-meter.js";
import { Arrival, PacketWindow, WINDOW } from "../../lib/comms/voice/packet-window.js";
import { FakeClock } from "../../lib/testing/index.js";

const codec = { codec: 0, frameSize: 960, sampleRate: 48_000 };

describe("the voice of a client", () => {
  const create = (clock: FakeClock) => new ServerClient("Ada", 1, "Ada", codec, new Uint8Array(0), clock, () => {});

  test("is 16,000 bytes a second at most, whatever its packets are", () => {
    const clock = new FakeClock();
    const client = create(clock);
    let bytes = 0;
    for (let packet = 0; packet < 500; packet++) {
      if (client.judgeVoice(1000) === "taken") bytes += 1000;
      clock.advance(20);
    }
    // What 10 s have, and what a second may have at once.
    expect(bytes).toBeGreaterThanOrEqual(160_000);
    expect(bytes).toBeLessThanOrEqual(176_000);
  });

  test("is no fault after a line has stood still, and is one above twice its rate for 10 s", () => {
    const clock = new FakeClock();
    const client = create(clock);
    // 8 s of voice at once.
    const verdicts = new Set(Array.from({ length: 400 }, () => client.judgeVoice(60)));
    expect([...verdicts]).toEqual(["taken", "dropped"]);
    let faultSeconds = 0;
    for (let tick = 1; faultSeconds === 0 && tick < 2000; tick++) {
      clock.advance(20);
      for (let packet = 0; packet < 4; packet++) {
        if (client.judgeVoice(60) === "fault") faultSeconds ||= tick / 50;
      }
    }
    // 120 a second are twice its rate, and 200 are sent: 800 are left of what 10 s may have above it.
    expect(faultSeconds).toBeGreaterThan(9.5);
    expect(faultSeconds).toBeLessThan(10.5);
  });
});

test("an id rests for a minute before another client gets it", () => {
  const clock = new FakeClock();
  const ids = new ClientIds(clock);
  const all = Array.from({ length: 65_536 }, () => ids.take());
  expect([new Set(all).size, ids.take()]).toEqual([65_536, null]);
  ids.release(9);
  clock.advance(60_000);
  ids.release(7);
  expect(ids.take()).toBe(9);
  // There are no others: the one that rests.
  expect([ids.take(), ids.take()]).toEqual([7, null]);
});

test("more than 5 % late within 10 s is degraded, and 5 % is not", () => {
  for (const [late, isDegraded] of [
    [25, false],
    [26, true],
  ] as const) {
    const meter = new LateMeter();
    for (let packet = 0; packet < 500; packet++) meter.add(packet < late ? 1 : 0, packet * 20);
    expect(meter.isDegraded(9_999)).toBe(isDegraded);
  }
  const meter = new LateMeter();
  for (let packet = 0; packet < 49; packet++) meter.add(1, 0);
  expect(meter.isDegraded(0)).toBe(false);
  meter.add(1, 0);
  expect([meter.isDegraded(0), meter.isDegraded(9_999), meter.isDegraded(10_000)]).toEqual([true, true, false]);
});

test("a packet that is 63 numbers late is new, one that is 64 late is too old", () => {
  for (const highest of [200, 30]) {
    const window = new PacketWindow();
    window.accept(highest);
    expect(window.accept((highest - (WINDOW - 1)) & 0xffff)).toBe(Arrival.New);
    expect(window.accept((highest - (WINDOW - 1)) & 0xffff)).toBe(Arrival.Duplicate);
    expect(window.accept((highest - WINDOW) & 0xffff)).toBe(Arrival.TooOld);
  }
});
