import { whenAborted } from "../../abort-signals.js";
import type { Clock } from "../../clock.js";
import { NetworkError } from "../../network-error.js";

/** How long a promise waits. */
export interface Deadline {
  timeoutMs: number;
  /** What the `ERR_TIMEOUT` says. */
  timeoutText: string;
  signal: AbortSignal | undefined;
}

/** As `new Promise`, but it rejects when the time is up or the signal aborts. It leaves no timer and no listener. */
export async function promiseBefore<T>(
  clock: Clock,
  { timeoutMs, timeoutText, signal }: Deadline,
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
): Promise<T> {
  let timer: unknown;
  let stopWaiting = () => {};
  try {
    return await new Promise<T>((resolve, reject) => {
      start(resolve, reject);
      timer = clock.setTimeout(() => reject(new NetworkError("ERR_TIMEOUT", timeoutText)), timeoutMs);
      stopWaiting = whenAborted(signal, () => reject(signal?.reason));
    });
  } finally {
    clock.clearTimeout(timer);
    stopWaiting();
  }
}

/**
 * Resolves when the promise is settled, however it is, or after `ms`.
 *
 * @returns whether it is settled. Ask this, and no clock: a timer of Node may be a millisecond early
 */
export async function settledWithin(clock: Clock, promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: unknown;
  const timeout = new Promise<boolean>((resolve) => {
    timer = clock.setTimeout(() => resolve(false), ms);
  });
  const isSettled = () => true;
  const isInTime = await Promise.race([promise.then(isSettled, isSettled), timeout]);
  clock.clearTimeout(timer);
  return isInTime;
}
