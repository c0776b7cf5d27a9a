import type { Clock } from "../../clock.js";

/** How a race ended. */
export interface RaceEnd<Result> {
  readonly winner: "first" | "second";
  readonly result: Result;
  /** Why the first has failed; undefined if it has not. */
  readonly firstError: unknown;
}

/** Both attempts have failed. */
export class RaceLost {
  constructor(
    readonly first: unknown,
    readonly second: unknown,
  ) {}
}

/**
 * Makes two attempts, the second one `headStartMs` later or as soon as the first has failed. The one that succeeds
 * first wins; the caller ends the other. Rejects with a {@link RaceLost}.
 */
export function race<Result>(
  first: () => Promise<Result>,
  second: () => Promise<Result>,
  headStartMs: number,
  clock: Clock,
): Promise<RaceEnd<Result>> {
  return new Promise((resolve, reject) => {
    const errors: { first?: unknown; second?: unknown } = {};
    const run = (name: "first" | "second", attempt: () => Promise<Result>, onError: () => void) =>
      attempt().then(
        (result) => {
          isSecondDue = false;
          clock.clearTimeout(timer);
          resolve({ winner: name, result, firstError: errors.first });
        },
        (error) => {
          errors[name] = error;
          if ("first" in errors && "second" in errors) reject(new RaceLost(errors.first, errors.second));
          else onError();
        },
      );
    let isSecondDue = true;
    const beginSecond = () => {
      if (!isSecondDue) return;
      isSecondDue = false;
      clock.clearTimeout(timer);
      void run("second", second, () => {});
    };
    const timer = clock.setTimeout(beginSecond, headStartMs);
    void run("first", first, beginSecond);
    if (headStartMs === 0) beginSecond();
  });
}
