/** Different failures that are told apart. */
const MAX_KINDS = 100;

/** How often each failure of the application's code has happened. */
export class FailureCounts {
  readonly #counts = new Map<string, number>();

  /** Counts one more of its kind, and returns how many there were; null: there are too many kinds to count this one. */
  add(kind: string): number | null {
    const known = this.#counts.get(kind);
    if (known === undefined && this.#counts.size >= MAX_KINDS) return null;
    const count = (known ?? 0) + 1;
    this.#counts.set(kind, count);
    return count;
  }
}

/** Whether a repeated failure is worth a word again: at 10, 100, 1000 and so on. */
export const isRoundCount = (count: number): boolean => count > 1 && Number.isInteger(Math.log10(count));
