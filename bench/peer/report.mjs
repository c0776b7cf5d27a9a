/** Prints one JSON line. */
export function report(event, fields = {}) {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}

export function reportError(error) {
  report("error", { message: error.message });
  process.exit(1);
}

/** Ends the process when it takes longer than `limit`. */
export function limitSeconds(limit) {
  setTimeout(() => reportError(new Error("time limit reached")), limit * 1000).unref();
}

/** Seconds of processor time that this process has used. */
export function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** The value at `share` (0-1) of a sorted array. */
export function percentile(sorted, share) {
  return sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)] ?? 0;
}
