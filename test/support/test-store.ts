import type { SessionStore, StoredSession } from "../../lib/message/index.js";

/** A store that answers as late as it is told to. */
export class TestStore implements SessionStore {
  readonly sessions = new Map<string, StoredSession>();
  readonly asked: string[] = [];
  readonly left: string[] = [];
  answer = (session: StoredSession | null): StoredSession | null | PromiseLike<StoredSession | null> => session;

  create(id: Uint8Array, authentication: StoredSession["authentication"]): Uint8Array {
    const secret = new Uint8Array(32).fill(this.sessions.size + 1);
    this.sessions.set(String(id), { secret, authentication });
    return secret;
  }

  find(id: Uint8Array) {
    this.asked.push(String(id));
    return this.answer(this.sessions.get(String(id)) ?? null);
  }

  remove(id: Uint8Array): void {
    this.sessions.delete(String(id));
  }

  leave(id: Uint8Array): void {
    this.left.push(String(id));
  }
}
