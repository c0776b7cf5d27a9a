/** Numbers from 0 to below 1: for jitter and simulation, never for secrets. */
export type Random = () => number;

/** That many unpredictable bytes: for keys, cookies and session ids. */
export type RandomBytes = (size: number) => Uint8Array;

/** The platform's own: `crypto.getRandomValues`. */
export const secureRandomBytes: RandomBytes = (size) => crypto.getRandomValues(new Uint8Array(size));
