import { setImmediate as turn } from "node:timers/promises";

/** Collects garbage in each turn until `promise` is settled: what it waits for must not depend on who holds what. */
export async function whileCollecting<T>(promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  promise.then(settle, settle);
  while (!isSettled) {
    globalThis.gc?.();
    await turn();
  }
  return promise;
}
