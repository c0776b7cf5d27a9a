import { performance } from "node:perf_hooks";
import { median } from "../harness/pairs.mjs";

/**
 * Calls `round`, which returns times by name, for `seconds`. Returns the middle ones of the second half of the rounds,
 * when everything is compiled.
 */
export function medians(round, seconds) {
  const rounds = [];
  const untilMs = performance.now() + 1000 * seconds;
  for (let n = 0; n < 20 || performance.now() < untilMs; n++) rounds.push(round(n));
  const warm = rounds.slice(rounds.length >> 1);
  return Object.fromEntries(Object.keys(warm[0]).map((name) => [name, median(warm.map((times) => times[name]))]));
}

/** How long `work` takes, in ms. */
export function timeOf(work) {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}

/** The middle time of a call, in ms. */
export const medianMs = (work, seconds) => medians((n) => ({ ms: timeOf(() => work(n)) }), seconds).ms;
