import { invalidType, outOfRange } from "../arguments.js";
import { NetworkError } from "../network-error.js";
import { printable } from "../printable.js";

export function endOfMessage(): NetworkError {
  return new NetworkError("ERR_END_OF_MESSAGE", "The message ends before its last value does");
}

export function overLimit(what: string, size: number, max: number): NetworkError {
  return new NetworkError("ERR_LIMIT", `${what} of ${size} is over the limit of ${max}`);
}

export function tooManyObjects(): NetworkError {
  return new NetworkError("ERR_LIMIT", "The message's values take far more memory than its bytes");
}

export function badValue(what: string): NetworkError {
  return new NetworkError("ERR_BAD_VALUE", what);
}

function describe(value: unknown): string {
  if (typeof value === "string") return printable(JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value));
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  return Array.isArray(value) ? "an array" : "an object";
}

/** The error for a value that cannot be written: a `RangeError` if its type is right, otherwise a `TypeError`. */
export function wrongValue(value: unknown, type: string, wanted: string): Error {
  const reason = `${describe(value)} is not ${wanted}`;
  return typeof value === type && value !== null ? outOfRange(reason) : invalidType(reason);
}

export function wrongInteger(value: unknown, min: number, max: number): Error {
  return wrongValue(value, "number", `a whole number from ${min} to ${max}`);
}

/** Adds to an error where the wrong value is, as in `players[3].position.x: NaN is not a number`. */
export function inField(error: unknown, place: string): unknown {
  if (!(error instanceof TypeError || error instanceof RangeError)) return error;
  const located = error as Error & { field?: string };
  const inner = located.field ?? "";
  const reason = inner === "" ? located.message : located.message.slice(inner.length + 2);
  located.field = inner === "" || inner.startsWith("[") ? place + inner : `${place}.${inner}`;
  // Consoles print the stack. It gets its message when it is first read, and keeps it.
  const { message: before, stack = "" } = located;
  located.message = `${located.field}: ${reason}`;
  located.stack = stack.replace(before, () => located.message);
  return located;
}

/** For the parameters of a codec: checks that one is a whole number from `min` to `max`. */
export function requireInteger(name: string, value: number, min: number, max: number): void {
  if (value === undefined) throw invalidType(`${name}: it is missing; it is a whole number from ${min} to ${max}`);
  if (!Number.isSafeInteger(value) || value < min || value > max) throw inField(wrongInteger(value, min, max), name);
}
