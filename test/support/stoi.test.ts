import { expect, test } from "vitest";
import { stoi } from "./stoi.js";

/** Something like a voice: harmonics that waver, syllables, pauses. */
function sound(sampleRate: number): Float32Array {
  return Float32Array.from({ length: 4 * sampleRate }, (_, index) => {
    const t = index / sampleRate;
    let sum = 0;
    for (const hertz of [180, 360, 720, 1100, 1900, 3100]) {
      sum += Math.sin(2 * Math.PI * hertz * t * (1 + 0.02 * Math.sin(2 * Math.PI * 1.3 * t))) / (1 + hertz / 700);
    }
    const level = 0.55 + 0.45 * Math.sin(2 * Math.PI * 4.1 * t);
    return t % 1.7 < 1.4 ? 0.25 * level * sum : 0;
  });
}

/** Numbers from -1 to 1, of a linear congruential generator. */
function noise(): () => number {
  let state = 7;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

// The values of pystoi 0.4.1.
test.each([
  [10_000, 0, 1],
  [10_000, 0.02, 0.965523],
  [10_000, 0.1, 0.917453],
  [10_000, 0.4, 0.73625],
  [48_000, 0, 1],
  [48_000, 0.02, 0.973001],
  [48_000, 0.1, 0.951749],
  [48_000, 0.4, 0.864093],
])("at %i Hz with noise of %d: as pystoi measures", (sampleRate, level, value) => {
  const clean = sound(sampleRate);
  const random = noise();
  const noisy = clean.map((sample) => sample + level * random());
  expect(Math.abs(stoi(clean, noisy, sampleRate) - value)).toBeLessThan(1e-5);
});
