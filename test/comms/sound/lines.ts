import { type Random, seededRandom } from "../../../lib/testing/index.js";

const FRAME_MS = 20;

/** How much longer than the quickest packet each next one takes, in ms. */
export type Line = (random: Random) => () => number;

const normal = (random: Random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** What lines do: `jitterMs` is the width of each. */
export const lines = {
  uniform:
    (jitterMs: number): Line =>
    (random) =>
    () =>
      random() * jitterMs,
  exponential:
    (jitterMs: number): Line =>
    (random) =>
    () =>
      Math.min((-Math.log(1 - random()) * jitterMs) / 3, 3 * jitterMs),
  /** As a queue that fills and empties. */
  "random walk":
    (jitterMs: number): Line =>
    (random) => {
      let at = jitterMs / 2;
      return () => {
        at = Math.max(0, Math.min(jitterMs, at + (normal(random) * jitterMs) / 8));
        return at;
      };
    },
  /** Now and then everything waits. */
  pauses:
    (jitterMs: number): Line =>
    (random) => {
      let pauseMs = 0;
      return () => {
        if (pauseMs <= 0 && random() < 0.02) pauseMs = jitterMs;
        const delayMs = Math.max(pauseMs, (random() * jitterMs) / 4);
        pauseMs -= FRAME_MS;
        return delayMs;
      };
    },
} as const;

export interface Arrival {
  readonly frame: number;
  /** When it was spoken, by the speaker's clock as ours would read it. */
  readonly sentMs: number;
  readonly atMs: number;
}

export interface Trace {
  line: Line;
  seconds: number;
  seed?: number;
  /** Nothing arrives within `ms` from `atMs` on; then all comes at once. */
  spike?: { atMs: number; ms: number };
  /** By how much the speaker's clock is slow. */
  drift?: number;
}

/** When the packets of one speaker arrive, in that order. */
export function trace({ line, seconds, seed = 1, spike, drift = 0 }: Trace): Arrival[] {
  const delay = line(seededRandom(seed));
  const arrivals = Array.from({ length: (1000 * seconds) / FRAME_MS }, (_, frame) => {
    const sentMs = frame * FRAME_MS * (1 + drift);
    let atMs = sentMs + 40 + delay();
    if (spike && atMs >= spike.atMs && atMs < spike.atMs + spike.ms) atMs = spike.atMs + spike.ms;
    return { frame, sentMs, atMs };
  });
  return arrivals.sort((a, b) => a.atMs - b.atMs);
}
