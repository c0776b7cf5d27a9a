import { expect, test } from "vitest";
import { opusCodec } from "../../../lib/comms/audio.js";
import { seededRandom } from "../../../lib/testing/index.js";

/** A million in `npm run test:stress`. */
const FRAMES = process.env.VALVE_SOCKETS_STRESS === undefined ? 50_000 : 1_000_000;

test(`${FRAMES} wrong Opus frames: an error or sound, never a trap, a wrong length or what is no number`, async () => {
  const codec = await opusCodec({ complexity: 0 });
  const [encoder, decoder] = [codec.createEncoder(), codec.createDecoder(960)];
  await new Promise((resolve) => setImmediate(resolve));
  const random = seededRandom(11);
  const samples = new Float32Array(960).map((_, index) => 0.5 * Math.sin(index / 15) + 0.1 * random());
  await expect.poll(() => encoder.encode(samples).length).toBeGreaterThan(2);
  const good = Array.from({ length: 20 }, () => encoder.encode(samples).slice());
  let errors = 0;
  let decoded = 0;
  for (let number = 0; number < FRAMES; number++) {
    const kind = random();
    const base = good[Math.floor(random() * good.length)] as Uint8Array;
    const bytes = kind < 0.5 ? base.slice() : new Uint8Array(Math.floor(random() * 200)).map(() => random() * 256);
    if (kind < 0.5) for (let flips = 0; flips < 4; flips++) bytes[Math.floor(random() * bytes.length)] = random() * 256;
    const frame = kind < 0.1 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes;
    try {
      const sound = kind > 0.9 ? decoder.recover?.(frame) : decoder.decode(frame);
      decoded++;
      expect(sound?.length).toBeLessThanOrEqual(960);
      if (number % 50 === 0) expect(sound?.every((value) => Number.isFinite(value))).toBe(true);
    } catch (error) {
      expect((error as Error).name).not.toBe("RuntimeError");
      errors++;
    }
  }
  expect(Math.min(errors, decoded)).toBeGreaterThan(FRAMES / 50);
  // It hears a good frame still.
  expect(Math.max(...decoder.decode(good[0] as Uint8Array))).toBeGreaterThan(0.01);
  encoder.close();
  decoder.close();
}, 1_200_000);
