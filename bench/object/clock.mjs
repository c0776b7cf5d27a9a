import { performance } from "node:perf_hooks";
import { median } from "../harness/pairs.mjs";

/** Calls the steps in turn for `seconds`. Returns the middle time of the second half of each one's calls, in ns. */
export function mediansNs(steps, seconds) {
  const times = steps.map(() => []);
  const untilMs = performance.now() + 1000 * seconds;
  for (let n = 0; n < 10 || performance.now() < untilMs; n++) {
    for (const [index, step] of steps.entries()) {
      const startMs = performance.now();
      step(n);
      times[index].push(1e6 * (performance.now() - startMs));
    }
  }
  return times.map((each) => median(each.slice(each.length >> 1)));
}

/** The same for one step. */
export const medianNs = (step, seconds) => mediansNs([step], seconds)[0];
