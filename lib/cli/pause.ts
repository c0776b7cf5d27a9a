import { systemClock } from "../clock.js";

/** Resolves after `ms` milliseconds. */
export const pause = (ms: number) => new Promise<void>((resolve) => void systemClock.setTimeout(resolve, ms));
