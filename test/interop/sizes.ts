/** The largest message that GNS sends. */
export const MAX_SIZE_BYTES = 512 * 1024;

/** mulberry32: numbers from 0 to below 1, the same for the same seed everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The larger part of the messages is drawn up to here. */
const SMALL_SIZE_BYTES = 8 * 1024;

/**
 * `count` sizes, log-uniform from 0 to `maxSizeBytes`, the first of them 0 and the second `maxSizeBytes`.
 *
 * The pure distribution has a mean of 40 kB: 400 MB for 10,000 messages. So `wideShare` of them are drawn from the
 * whole range and the others, log-uniform too, from its lower end.
 */
export function drawSizes(count: number, wideShare: number, seed: number): number[] {
  const random = seededRandom(seed);
  const draw = (max: number) => Math.floor((max + 2) ** random()) - 1;
  const sizes = [0, MAX_SIZE_BYTES];
  while (sizes.length < count) sizes.push(draw(random() < wideShare ? MAX_SIZE_BYTES : SMALL_SIZE_BYTES));
  return sizes;
}
