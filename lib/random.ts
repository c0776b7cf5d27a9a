/** Returns a number from 0 to below 1: for jitter and simulation, never for secrets. */
export type Random = () => number;

/** Returns `size` unpredictable bytes: for keys, cookies and session ids. */
export type RandomBytes = (size: number) => Uint8Array;

/** The random bytes of the platform, from `crypto.getRandomValues`. */
export const secureRandomBytes: RandomBytes = (size) => crypto.getRandomValues(new Uint8Array(size));
