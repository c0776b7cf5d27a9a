import type { Clock } from "../../clock.js";
import { TokenBucket } from "../../guard/token-bucket.js";

/**
 * A server takes 100 changes at once, and 20 a second, and drops what is more without a word. Fewer at once, since a
 * line may hand over together what was sent within a second.
 */
const BURST = 80;
const PER_SECOND = 20;

/**
 * Tells the server where this client listens: no faster than it takes that. What changes back before it was told is
 * never told.
 */
export class RoomTeller {
  readonly #clock: Clock;
  readonly #wanted: ReadonlySet<string>;
  readonly #send: (room: string, isJoining: boolean) => boolean;
  readonly #changes: TokenBucket;
  readonly #told = new Set<string>();
  #dueMs = Number.POSITIVE_INFINITY;

  /**
   * @param wanted the rooms that this client listens to
   * @param send tells the server; false: the session has ended
   */
  constructor(clock: Clock, wanted: ReadonlySet<string>, send: (room: string, isJoining: boolean) => boolean) {
    this.#clock = clock;
    this.#wanted = wanted;
    this.#send = send;
    this.#changes = new TokenBucket(clock, BURST, PER_SECOND);
  }

  /** When the next change may be told; `Infinity`: none waits. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** The server knows these rooms, and no others. */
  begin(known: Iterable<string>): void {
    this.#told.clear();
    for (const room of known) this.#told.add(room);
    this.tell();
  }

  /** Tells what has changed, as far as that is its turn. Rooms are left first: a server has 64 places for each. */
  tell(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
    for (const room of [...this.#told]) if (!this.#wanted.has(room) && !this.#change(room, false)) return;
    for (const room of this.#wanted) if (!this.#told.has(room) && !this.#change(room, true)) return;
  }

  #change(room: string, isJoining: boolean): boolean {
    if (!this.#changes.tryTake(1)) {
      this.#dueMs = this.#clock.now() + 1000 / PER_SECOND;
      return false;
    }
    if (isJoining) this.#told.add(room);
    else this.#told.delete(room);
    return this.#send(room, isJoining);
  }
}
