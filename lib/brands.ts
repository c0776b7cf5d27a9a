// What a value is, whatever realm it comes from: `instanceof` knows only the classes of its own, and the promises of no
// library. Jest, jsdom, `node:vm` and iframes have realms of their own.

const tagOf = (value: unknown): string => Object.prototype.toString.call(value);

/** Whether it is a promise, or what `await` takes for one (a query of knex, a promise of Bluebird). */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  const mayHaveMethods = (typeof value === "object" && value !== null) || typeof value === "function";
  return mayHaveMethods && typeof (value as { then?: unknown }).then === "function";
}

export const isMap = (value: unknown): value is Map<unknown, unknown> =>
  value instanceof Map || tagOf(value) === "[object Map]";

export const isSet = (value: unknown): value is Set<unknown> => value instanceof Set || tagOf(value) === "[object Set]";

export const isUint8Array = (value: unknown): value is Uint8Array =>
  value instanceof Uint8Array || (ArrayBuffer.isView(value) && tagOf(value) === "[object Uint8Array]");

export const isArrayBuffer = (value: unknown): value is ArrayBuffer =>
  value instanceof ArrayBuffer || tagOf(value) === "[object ArrayBuffer]";
