/**
 * Who may prove the session: one attempt at a time. Two servers, or one that is reached in two ways, would each take
 * the player.
 */
export class ProofTurns<Attempt> {
  #holder: Attempt | null = null;
  readonly #waiting = new Map<Attempt, () => void>();

  /** @returns resolves when it is the attempt's turn; undefined: it is at once */
  take(attempt: Attempt): Promise<void> | undefined {
    if (this.#holder !== null) return new Promise((resolve) => this.#waiting.set(attempt, resolve));
    this.#holder = attempt;
    return undefined;
  }

  /** The attempt has failed, or another server has to ask it: the next one may. */
  release(attempt: Attempt): void {
    this.#waiting.delete(attempt);
    if (attempt !== this.#holder) return;
    const [next] = this.#waiting;
    this.#holder = next ? next[0] : null;
    if (!next) return;
    this.#waiting.delete(next[0]);
    next[1]();
  }
}
