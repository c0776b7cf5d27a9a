import { checkInteger, rangeError } from "./arguments.js";

/**
 * For how many microseconds, 0 to 1000, an event loop of Node on Linux goes on looking for packets after the last one,
 * in place of falling asleep: it answers sooner, and takes more of a core (`docs/performance.md` has figures).
 * `adaptive`: 50, and only while at least half of the last 16 times found some.
 */
export type Spin = number | "adaptive";

const ADAPTIVE_US = 50;

export function spinOption(name: string, value: unknown): void {
  if (value === "adaptive") return;
  if (typeof value === "string") throw rangeError(name, 'a number of microseconds, and not a text, or "adaptive"');
  checkInteger(name, value as number, 0, 1000);
}

/** As the addon takes it: microseconds, and whether that is adaptive. */
export function spinArguments(spin: Spin): [spinUs: number, isSpinAdaptive: boolean] {
  return spin === "adaptive" ? [ADAPTIVE_US, true] : [spin, false];
}
