/** Returns a number from 0 to below 1: for jitter and simulation, never for secrets. */
export type Random = () => number;

/** Returns `size` unpredictable bytes: for keys, cookies and session ids. */
export type RandomBytes = (size: number) => Uint8Array;

/** The random bytes of the platform, from `crypto.getRandomValues`. */
export const secureRandomBytes: RandomBytes = (size) => crypto.getRandomValues(new Uint8Array(size));

/** A `Random` whose numbers are determined by a seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
