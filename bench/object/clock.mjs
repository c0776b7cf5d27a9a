import { performance } from "node:perf_hooks";
import { median } from "../harness/pairs.mjs";

/** Calls `step(n)` again and again for `seconds`. Returns the middle time of the second half of the calls, in ns. */
export function medianNs(step, seconds) {
  const times = [];
  const untilMs = performance.now() + 1000 * seconds;
  for (let n = 0; times.length < 10 || performance.now() < untilMs; n++) {
    const startMs = performance.now();
    step(n);
    times.push(1e6 * (performance.now() - startMs));
  }
  return median(times.slice(times.length >> 1));
}
