import { performance } from "node:perf_hooks";

/** Fewer rounds measure what is not compiled yet; how many there are at least, by the seconds that are asked for. */
const leastRounds = (seconds) => (seconds >= 1 ? 300 : seconds > 0 ? 60 : 2);

/** What other processes take makes times longer and never shorter: a quarter of them is undercut by the figure. */
const quartile = (values) => values.toSorted((a, b) => a - b)[values.length >> 2];

/**
 * Calls `round`, which returns times by name, for `seconds`. Returns the lower quartile of each in the second half of
 * the rounds, when everything is compiled.
 */
export function quartiles(round, seconds) {
  const rounds = [];
  const untilMs = performance.now() + 1000 * seconds;
  const least = leastRounds(seconds);
  for (let n = 0; n < least || performance.now() < untilMs; n++) rounds.push(round(n));
  const warm = rounds.slice(rounds.length >> 1);
  return Object.fromEntries(Object.keys(warm[0]).map((name) => [name, quartile(warm.map((times) => times[name]))]));
}

/** Longer work may be interrupted by other processes: its processor time counts, which is in whole microseconds. */
const LONG_MS = 0.2;

/** How long `work` takes, in ms. */
export function timeOf(work) {
  const before = process.cpuUsage();
  const startMs = performance.now();
  work();
  const passedMs = performance.now() - startMs;
  if (passedMs < LONG_MS) return passedMs;
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The time of a call, in ms. */
export const callMs = (work, seconds) => quartiles((n) => ({ ms: timeOf(() => work(n)) }), seconds).ms;
