/** Without a listener these end the process at once, and no `exit` event comes. */
const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** What is called at the end, and whether it closes what the others still send with. */
const farewells = new Map<() => void, boolean>();

/**
 * Calls `farewell` when the process (or the worker) is about to end, for the last packets to those on the other side:
 * at `process.exit`, at an uncaught exception, at its natural end, and at SIGTERM and SIGINT if the program has no
 * listener of its own for them, after which the signal is raised again. Only what it does synchronously happens.
 * SIGKILL, `process.abort` and crashes tell nobody; signals reach the main thread's sockets, not those of workers.
 *
 * @param isLast whether `farewell` is called after all that are not: it closes what they send with
 * @returns ends it
 */
export function onProcessEnd(farewell: () => void, isLast = false): () => void {
  if (farewells.size === 0) watch();
  farewells.set(farewell, isLast);
  return () => {
    if (farewells.delete(farewell) && farewells.size === 0) unwatch();
  };
}

function watch(): void {
  // Before all others: one of them closes every socket of the addon.
  process.prependListener("exit", sayFarewell);
  for (const signal of SIGNALS) listenTo(signal);
}

/**
 * Those of signals stay for good: a signal that has come and was not told yet is lost with the last listener, and the
 * process would live on.
 */
function unwatch(): void {
  process.off("exit", sayFarewell);
}

/** Before all others: a listener that was added with `once` is gone when it has been called. */
function listenTo(signal: NodeJS.Signals): void {
  if (!process.listeners(signal).includes(onSignal)) process.prependListener(signal, onSignal);
}

function sayFarewell(): void {
  const inOrder = [false, true].flatMap((last) => [...farewells].filter(([, isLast]) => isLast === last));
  for (const [farewell] of inOrder) {
    try {
      farewell();
    } catch {
      // The process ends; the others still have to be told.
    }
  }
}

function onSignal(signal: NodeJS.Signals): void {
  process.off(signal, onSignal);
  if (process.listenerCount(signal) === 0) {
    sayFarewell();
    unwatch();
    process.kill(process.pid, signal);
    return;
  }
  // The program decides what becomes of it. Ours is away meanwhile, because some (the package signal-exit) end the
  // process only if nobody else listens. If a listener for one time was the only one, a second signal in the same turn
  // meets nobody, and ends the process without a farewell.
  process.nextTick(listenTo, signal);
}
