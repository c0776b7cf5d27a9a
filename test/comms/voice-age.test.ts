import { describe, expect, test } from "vitest";
import { VoiceAge } from "../../lib/comms/voice/voice-age.js";
import { seededRandom } from "../../lib/testing/index.js";
import { type CustomCommsNetwork, GameNetwork, settle } from "./custom-network.js";

const FRAME_MS = 20;

/** A speaker and its line: frames by the speaker's clock, which arrive when the test says. */
function speaker(firstFrame = 65_500) {
  const age = new VoiceAge();
  /** @returns whether frame `index`, which came at `atMs`, is handed over */
  return (index: number, atMs: number, frameMs = FRAME_MS) =>
    !age.isTooOld((firstFrame + index) & 0xffff, frameMs, atMs);
}

/** Frames `from` to `to`, each so long on its way: how long those that are handed over were, at most. */
function oldest(hear: ReturnType<typeof speaker>, from: number, to: number, wayMs: (index: number) => number): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let index = from; index < to; index++) {
    const way = wayMs(index);
    if (hear(index, index * FRAME_MS + way)) most = Math.max(most, way);
  }
  return most;
}

describe("voice after a line has stood still", () => {
  test.each([0.5, 1, 5, 60, 600])("for %f s is 200 ms old at most, and 0.1 % of that", (seconds) => {
    const hear = speaker();
    expect(oldest(hear, 0, 100, () => 30)).toBe(30);
    const end = 100 + seconds * 50;
    // All of it comes at once, 30 ms after the line goes on.
    expect(oldest(hear, 100, end, (index) => (end - index) * FRAME_MS + 30)).toBeLessThanOrEqual(230 + seconds);
    // What follows is heard, each frame.
    for (let index = end; index < end + 200; index++) expect(hear(index, index * FRAME_MS + 30)).toBe(true);
  });

  test("again and again, and never quite on, is 200 ms old at most", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed);
      const hear = speaker();
      oldest(hear, 0, 50, () => 30);
      let arrivalMs = 0;
      const most = oldest(hear, 50, 1500, (index) => {
        const spokenMs = index * FRAME_MS;
        // Stands still for up to 3 s, brings up to 60 frames at once, and stands still again.
        if (arrivalMs < spokenMs + 30) arrivalMs = spokenMs + 30 + (random() < 0.02 ? 3000 * random() : 0);
        else if (random() < 1 / 60) arrivalMs += 1000 * random();
        return arrivalMs - spokenMs;
      });
      // The clocks may differ by 0.1 %: 30 ms in as many seconds.
      expect(most).toBeLessThanOrEqual(230 + 30);
    }
  });

  test("in the first speech begins with what came first", () => {
    const hear = speaker();
    for (let index = 0; index < 50; index++) expect(hear(index, 5000)).toBe(true);
    // Only the last of them were as new as what follows.
    expect(oldest(hear, 50, 100, () => 4000)).toBe(4000);
  });
});

test("a way that has become longer for good is followed after a second", () => {
  const hear = speaker();
  oldest(hear, 0, 100, () => 30);
  const random = seededRandom(1);
  const heard = (from: number, to: number) => {
    let count = 0;
    for (let index = from; index < to; index++) {
      if (hear(index, index * FRAME_MS + 900 + 100 * random())) count++;
    }
    return count;
  };
  expect(heard(100, 150)).toBe(0);
  expect(heard(152, 300)).toBe(148);
});

test("jitter of 150 ms, clocks 500 ppm apart and silence of hours lose nothing", () => {
  const random = seededRandom(3);
  for (const rate of [0.9995, 1.0005]) {
    const hear = speaker();
    for (let index = 0; index < 50_000; index++) {
      expect(hear(index, index * FRAME_MS * rate + 150 * random())).toBe(true);
      // An hour in which nothing is sent, and everything is counted.
      if (index % 10_000 === 9999) index += 180_000;
    }
  }
});

test("a packet behind a later one is as late as it is", () => {
  const hear = speaker();
  oldest(hear, 0, 50, () => 30);
  expect([hear(52, 1070), hear(50, 1080), hear(51, 1090), hear(53, 1090)]).toEqual([true, true, true, true]);
  expect(hear(60, 1230)).toBe(true);
  expect(hear(49, 1231)).toBe(false);
});

test("lies about the length of frames and their numbers throw nothing, and end with the lies", () => {
  const random = seededRandom(4);
  const lengths = [0, Number.NaN, Number.POSITIVE_INFINITY, 1e-9, 2.5, 20, 120, 1000 * (2 ** 32 - 1)];
  for (const length of lengths) {
    const hear = speaker(0);
    for (let turn = 0; turn < 5000; turn++) {
      expect(typeof hear(Math.floor(65_536 * random()), turn * FRAME_MS, length)).toBe("boolean");
    }
  }
  // Numbers from anywhere: honest speech is heard again within a second or so.
  const hear = speaker(0);
  for (let turn = 0; turn < 5000; turn++) hear(Math.floor(65_536 * random()), turn * FRAME_MS);
  oldest(hear, 5000, 5060, () => 30);
  for (let index = 5060; index < 5300; index++) expect(hear(index, index * FRAME_MS + 30)).toBe(true);
});

/** What Ben hears of Ada, who speaks a frame each 20 ms and claims this length, on a line that stands still for 5 s. */
function heardWithClaim(frameSize: number): { count: number; lateMs: number } {
  const game = new GameNetwork();
  const server = game.newNetwork("server").serve();
  const ada = game.newNetwork("Ada", { codec: { codec: 0, frameSize, sampleRate: 48_000 } }).join();
  const ben = game.newNetwork("Ben").join();
  settle(game, [server, ada, ben]);
  ada.comms.playerChannels.open("Ben");
  const seen = { count: 0, lateMs: 0 };
  ben.comms.on("voiceReceived", ({ frame }) => {
    const bytes = frame.copy();
    seen.count++;
    seen.lateMs = Math.max(seen.lateMs, game.clock.now() - new DataView(bytes.buffer).getFloat64(0));
  });
  for (let index = 0; index < 1000; index++) {
    const bytes = new Uint8Array(60);
    new DataView(bytes.buffer).setFloat64(0, game.clock.now());
    ada.comms.sendVoice(bytes);
    ada.update();
    server.update();
    if (index < 300 || index >= 550) ben.update();
    game.sent.length = 0;
    game.clock.advance(FRAME_MS);
  }
  for (const network of [ada, ben, server]) network.stop();
  return seen;
}

test("whoever claims that its frames are shorter or longer than they are gains nothing", () => {
  const honest = heardWithClaim(960);
  // Of 20 s, 5 s stood still, but for the last of them.
  expect(honest.count).toBeGreaterThanOrEqual(750);
  expect(honest.lateMs).toBeLessThanOrEqual(200 + FRAME_MS);
  for (const frameSize of [1, 120, 480]) {
    const { count, lateMs } = heardWithClaim(frameSize);
    expect(count).toBeLessThanOrEqual(honest.count);
    expect(lateMs).toBeLessThanOrEqual(honest.lateMs);
  }
  // What is older is handed over, and the server sends on less in all.
  for (const frameSize of [1440, 1920, 5760, 2 ** 32 - 1]) {
    expect(heardWithClaim(frameSize).count).toBeLessThan(0.95 * honest.count);
  }
});

test("a speaker's count keeps its time, however often it sends frames", () => {
  const game = new GameNetwork();
  const server = game.newNetwork("server").serve();
  const [ada, ben] = ["Ada", "Ben"].map((name) => game.newNetwork(name).join()) as [
    CustomCommsNetwork,
    CustomCommsNetwork,
  ];
  settle(game, [server, ada, ben]);
  const counters: number[] = [];
  ben.comms.on("voiceReceived", ({ packet }) => counters.push(packet.frameCounter));
  const speak = (frames: number, atOnce = 1, everyMs = FRAME_MS) => {
    counters.length = 0;
    for (let frame = 0; frame < frames; frame++) {
      ada.comms.sendVoice(new Uint8Array(60));
      for (const network of [ada, server, ben]) network.update();
      if (frame % atOnce === atOnce - 1) game.clock.advance(everyMs);
    }
    return counters;
  };
  const inOrder = (from: number) => Array.from({ length: 60 }, (_, index) => from + index);
  ada.comms.playerChannels.open("Ben");
  expect(speak(60)).toEqual(inOrder(0));
  // Sound cards that hand over 6 frames at once, and some that are slow by 500 ppm.
  expect(speak(60, 6, 120)).toEqual(inOrder(60));
  expect(speak(60, 1, 1.0005 * FRAME_MS)).toEqual(inOrder(120));
  ada.comms.isMuted = true;
  game.clock.advance(60_000);
  ada.comms.isMuted = false;
  // A minute is 3000 frames, but for what it was ahead.
  const [first = 0, ...others] = speak(60);
  expect(first).toBeGreaterThan(3177);
  expect(first).toBeLessThanOrEqual(3181);
  expect(others).toEqual(inOrder(first + 1).slice(0, 59));
  // A frame each 61 ms: not one is too late for what it claims.
  expect(speak(200, 1, 61)).toHaveLength(200);
  expect((counters[199] as number) - (counters[0] as number)).toBeGreaterThan(600);
  for (const network of [ada, ben, server]) network.stop();
});
