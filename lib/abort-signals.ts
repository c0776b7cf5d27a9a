/** What is called when a signal aborts. */
const callbacks = new WeakMap<AbortSignal, { readonly waiting: Set<() => void>; onAbort(): void }>();

/**
 * Calls `callback` once when `signal` aborts. However many wait for one signal, it has one listener: Node.js warns of
 * more than ten.
 *
 * @returns stops waiting
 */
export function whenAborted(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (!signal) return () => {};
  let entry = callbacks.get(signal);
  if (!entry) {
    const waiting = new Set<() => void>();
    entry = { waiting, onAbort: () => [...waiting].forEach((call) => void call()) };
    callbacks.set(signal, entry);
    signal.addEventListener("abort", entry.onAbort, { once: true });
  }
  const { waiting, onAbort } = entry;
  const call = () => callback();
  waiting.add(call);
  return () => {
    waiting.delete(call);
    if (waiting.size > 0 || callbacks.get(signal)?.waiting !== waiting) return;
    callbacks.delete(signal);
    signal.removeEventListener("abort", onAbort);
  };
}
