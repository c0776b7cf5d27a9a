import { isUint8Array } from "./brands.js";

/**
 * Errors of wrong arguments, in the form that the addon throws too: `TypeError` with `ERR_INVALID_ARG_TYPE` for the
 * wrong kind of value, `RangeError` with `ERR_OUT_OF_RANGE` for a value outside its limits. These functions check only
 * what never reaches the addon.
 */

/** An error of a wrong argument, ready to be thrown. */
export function invalidType(text: string): TypeError & { code: string } {
  return Object.assign(new TypeError(text), { code: "ERR_INVALID_ARG_TYPE" });
}

export function outOfRange(text: string): RangeError & { code: string } {
  return Object.assign(new RangeError(text), { code: "ERR_OUT_OF_RANGE" });
}

export const typeError = (name: string, expected: string) => invalidType(`${name} must be ${expected}`);

export const rangeError = (name: string, expected: string) => outOfRange(`${name} must be ${expected}`);

/** An error for what is no number. Settings of the environment are texts. */
export const noNumber = (name: string, value: unknown, expected = "a number") =>
  typeError(name, typeof value === "string" ? `${expected}, and not a text: use Number(…)` : expected);

/** An error for a number that is not as `expected`. A setting of the environment that is missing becomes NaN. */
export const wrongNumber = (name: string, value: number, expected: string) =>
  rangeError(name, Number.isNaN(value) ? `${expected}, and not NaN: Number(…) was given no number` : expected);

/** Throws unless `value` is a whole number from `min` to `max`. */
export function checkInteger(name: string, value: number, min: number, max: number): void {
  if (typeof value !== "number") throw noNumber(name, value);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw wrongNumber(name, value, `a whole number from ${min} to ${max}`);
  }
}

export function checkInt32(name: string, value: number): void {
  checkInteger(name, value, -0x80000000, 0x7fffffff);
}

export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== "function") throw typeError(name, "a function");
}

/** Throws unless `value` is a string without NUL, at which C would end it. */
export function checkText(name: string, value: string): void {
  if (typeof value !== "string") throw typeError(name, "a string");
  if (value.includes("\0")) throw rangeError(name, "a string without NUL characters");
}

/** Throws unless `value` is a real `Uint8Array`, of any realm, and not a proxy or an object with that prototype. */
export function checkBytes(name: string, value: Uint8Array): void {
  if (!ArrayBuffer.isView(value) || !isUint8Array(value)) throw typeError(name, "a Uint8Array");
}

export function checkInstance(
  name: string,
  value: unknown,
  type: abstract new (...parameters: never[]) => object,
): void {
  if (!(value instanceof type)) throw typeError(name, `an instance of ${type.name}`);
}
