import { checkFunction } from "../arguments.js";
import type { Interpolation } from "./behaviour/interpolation.js";
import { ShownTime } from "./timeline/shown-time.js";

const shownTime = (intervalTicks: number): ShownTime => new ShownTime(intervalTicks);

/**
 * Straight from one value to the next, for the option `interpolate` of a member. Angles go the short way, and
 * quaternions stay of length 1. A page that imports no interpolation does not load what shows it.
 */
export const linear: Interpolation<unknown> = { between: null, shownTime };

/**
 * Makes an interpolation of a function, for the option `interpolate` of a member.
 *
 * @param between gives the value when `part` of the way is done: above 0, and above 1 where it goes on beyond `to`
 * @throws TypeError for what is no function
 */
export function interpolation<T>(between: (from: T, to: T, part: number) => T): Interpolation<T> {
  checkFunction("between", between);
  return { between, shownTime };
}
