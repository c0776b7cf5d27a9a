import { isThenable } from "./brands.js";

/** Nobody waits for `answer`, of a callback that may be async: if it rejects, that is reported, and ends no process. */
export function follow(answer: unknown, report: (error: unknown) => void): void {
  if (isThenable(answer)) void Promise.resolve(answer).catch(report);
}
