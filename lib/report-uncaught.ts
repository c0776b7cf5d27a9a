/** An error of the user's own code surfaces as an uncaught one, and stops nobody's traffic. */
export function reportUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
