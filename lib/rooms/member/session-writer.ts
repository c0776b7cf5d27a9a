import type { Clock } from "../../clock.js";
import type { Directory, SessionEntry } from "../fleet/directory.js";

/** How many records are written at a time. */
const MAX_WRITING = 16;
/** How many sessions may wait. */
const MAX_WISHES = 200_000;
/** The pause after a failure. */
const RETRY_MS = 500;

/** What is to be written of a session. */
interface Wish {
  readonly session: SessionEntry;
  readonly isOver: boolean;
}

/**
 * Writes where sessions are, behind what happens: of one session the newest only, and again until the engine has it. It
 * remembers one wish for each session that is or was here, at most `MAX_WISHES`; what is more is lost, and counted.
 */
export class SessionWriter {
  readonly #clock: Clock;
  /** Null: the host has stopped, and nothing is written. */
  readonly #directory: () => Directory | null;
  /** Somebody else has moved the session on. */
  readonly #onNewer: (newer: SessionEntry) => void;
  readonly #wishes = new Map<string, Wish>();
  readonly #writing = new Set<string>();
  /** Who waits until a session is written, by its id. */
  readonly #awaited = new Map<string, Set<() => void>>();
  #timer: unknown = null;
  lost = 0;

  constructor(clock: Clock, directory: () => Directory | null, onNewer: (newer: SessionEntry) => void) {
    this.#clock = clock;
    this.#directory = directory;
    this.#onNewer = onNewer;
  }

  put(session: SessionEntry): void {
    this.#wish({ session, isOver: false });
  }

  remove(session: SessionEntry): void {
    this.#wish({ session, isOver: true });
  }

  /** Whether the engine has all that was to be written of a session. */
  isWritten(id: string): boolean {
    return !this.#wishes.has(id) && !this.#writing.has(id);
  }

  /** Resolves when `isWritten`. */
  async written(id: string): Promise<void> {
    if (this.isWritten(id)) return;
    const awaited = this.#awaited.get(id) ?? new Set();
    this.#awaited.set(id, awaited);
    await new Promise<void>((resolve) => awaited.add(resolve));
  }

  /** Resolves when all is written that is to be written now: other sessions may have moved on by then. */
  async flushed(): Promise<void> {
    const ids = new Set([...this.#wishes.keys(), ...this.#writing]);
    await Promise.all([...ids].map((id) => this.written(id)));
  }

  /** Writes no more. */
  stop(): void {
    this.#wishes.clear();
    for (const id of [...this.#awaited.keys()]) this.#tellWritten(id);
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #wish(wish: Wish): void {
    const { id } = wish.session;
    if (!this.#wishes.has(id) && this.#wishes.size >= MAX_WISHES) {
      this.lost++;
      return;
    }
    this.#wishes.set(id, wish);
    if (this.#timer === null) this.#next();
  }

  #next(): void {
    for (const [id, wish] of this.#wishes) {
      if (this.#writing.size >= MAX_WRITING) return;
      if (this.#writing.has(id)) continue;
      this.#wishes.delete(id);
      this.#writing.add(id);
      void this.#write(id, wish);
    }
  }

  #tellWritten(id: string): void {
    if (!this.isWritten(id)) return;
    for (const resolve of this.#awaited.get(id) ?? []) resolve();
    this.#awaited.delete(id);
  }

  async #write(id: string, wish: Wish): Promise<void> {
    const { session, isOver } = wish;
    const directory = this.#directory();
    try {
      if (isOver) await directory?.removeSession(session);
      else if (directory) {
        const now = await directory.putSession(session);
        if (now.host !== session.host && !this.#wishes.has(id)) this.#onNewer(now);
      }
      this.#writing.delete(id);
    } catch {
      this.#writing.delete(id);
      if (!this.#wishes.has(id)) this.#wishes.set(id, wish);
      this.#timer ??= this.#clock.setTimeout(() => {
        this.#timer = null;
        this.#next();
      }, RETRY_MS);
    }
    this.#tellWritten(id);
    if (this.#timer === null) this.#next();
  }
}
