import { checkText } from "../../arguments.js";

/** The tokens that this player has: a trigger with tokens works while the player has one of them. */
export class AccessTokens {
  readonly #tokens = new Set<string>();
  readonly #watchers = new Set<() => void>();

  /** Gives the player a token, any text. @returns whether it is new; @throws TypeError for what is no text */
  add(token: string): boolean {
    checkText("token", token);
    if (this.#tokens.has(token)) return false;
    this.#tokens.add(token);
    this.#changed();
    return true;
  }

  /** Takes a token from the player. @returns whether the player had it */
  remove(token: string): boolean {
    const hadIt = this.#tokens.delete(token);
    if (hadIt) this.#changed();
    return hadIt;
  }

  /** Whether the player has this token. */
  has(token: string): boolean {
    return this.#tokens.has(token);
  }

  /** Whether the player has one of these, or none is asked for. */
  hasAny(tokens: readonly string[]): boolean {
    return tokens.length === 0 || tokens.some((token) => this.#tokens.has(token));
  }

  /** Calls `watcher` after each change. @returns a function that ends it */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  #changed(): void {
    const errors: unknown[] = [];
    for (const watcher of [...this.#watchers]) {
      try {
        watcher();
      } catch (error) {
        errors.push(error);
      }
    }
    // All have been told first.
    if (errors.length > 0) throw errors[0];
  }
}
