/** Keys that are remembered for some time. */
export class RecentKeys {
  readonly #keepMs: number;
  /** When each was added, the oldest first. */
  readonly #addedMs = new Map<number, number>();

  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  /** Adds a key, or remembers it anew, and forgets those that are too old. */
  add(key: number, nowMs: number): void {
    this.#addedMs.delete(key);
    this.#addedMs.set(key, nowMs);
    for (const [oldest, addedMs] of this.#addedMs) {
      if (nowMs - addedMs < this.#keepMs) return;
      this.#addedMs.delete(oldest);
    }
  }

  has(key: number, nowMs: number): boolean {
    const addedMs = this.#addedMs.get(key);
    return addedMs !== undefined && nowMs - addedMs < this.#keepMs;
  }
}
