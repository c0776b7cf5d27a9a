import type { Clock } from "../../clock.js";

export const CHECKPOINT_MS = 2000;
export const CHECKPOINT_BYTES_PER_SECOND = 256 * 2 ** 10;
/** How often rooms whose time has come are looked for. */
const LOOK_MS = 100;

/** A room of which checkpoints are made. */
export interface CheckpointedRoom {
  /** The room as it is now; `null`: it is as it was. */
  snapshot(): Uint8Array | null;
  /** Stores it. */
  store(state: Uint8Array): Promise<void>;
}

/** How checkpoints are made. */
export interface CheckpointOptions {
  clock: Clock;
  /** How old the last checkpoint of a room becomes. @defaultValue 2000 ms */
  checkpointMs?: number;
  /** What all rooms of this host may take together. What does not fit waits, and is counted. @defaultValue 262,144 */
  bytesPerSecond?: number;
  /** Gets what a room's `snapshot` throws. */
  onError(error: unknown): void;
}

/** What was stored. */
export interface CheckpointMetrics {
  readonly stored: number;
  readonly storedBytes: number;
  /** Those that were older than `checkpointMs` when they were made, since others had used up the bytes. */
  readonly late: number;
  /** Those that could not be made or stored; the room's turn comes again. */
  readonly failed: number;
}

/** Makes the checkpoints of a host's rooms in turns, the oldest first, within so many bytes a second. */
export class Checkpoints {
  readonly metrics: { -readonly [Name in keyof CheckpointMetrics]: number } = {
    stored: 0,
    storedBytes: 0,
    late: 0,
    failed: 0,
  };
  readonly #options: Required<CheckpointOptions>;
  /** When each is due, the first one first. */
  readonly #dueMs = new Map<CheckpointedRoom, number>();
  readonly #storing = new Set<CheckpointedRoom>();
  /** What may be stored now. A large checkpoint makes it negative, and all wait until it is not. */
  #bytes: number;
  #refilledMs: number;
  #timer: unknown;

  constructor(options: CheckpointOptions) {
    this.#options = { checkpointMs: CHECKPOINT_MS, bytesPerSecond: CHECKPOINT_BYTES_PER_SECOND, ...options };
    this.#bytes = this.#options.bytesPerSecond;
    this.#refilledMs = this.#options.clock.now();
  }

  /** @returns makes no more of it */
  add(room: CheckpointedRoom): () => void {
    const { clock, checkpointMs } = this.#options;
    this.#dueMs.set(room, clock.now() + checkpointMs);
    this.#timer ??= clock.setTimeout(() => this.#look(), LOOK_MS);
    return () => {
      this.#dueMs.delete(room);
      if (this.#dueMs.size > 0) return;
      clock.clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  #look(): void {
    const { clock, checkpointMs } = this.#options;
    const nowMs = clock.now();
    this.#refill(nowMs);
    for (const [room, dueMs] of [...this.#dueMs]) {
      if (dueMs > nowMs || this.#bytes <= 0) break;
      if (this.#storing.has(room) || !this.#dueMs.has(room)) continue;
      this.#dueMs.delete(room);
      this.#dueMs.set(room, nowMs + checkpointMs);
      if (nowMs - dueMs >= 2 * LOOK_MS) this.metrics.late++;
      void this.#store(room);
    }
    this.#timer = this.#dueMs.size > 0 ? clock.setTimeout(() => this.#look(), LOOK_MS) : undefined;
  }

  #refill(nowMs: number): void {
    const { bytesPerSecond } = this.#options;
    this.#bytes = Math.min(this.#bytes + ((nowMs - this.#refilledMs) * bytesPerSecond) / 1000, bytesPerSecond);
    this.#refilledMs = nowMs;
  }

  async #store(room: CheckpointedRoom): Promise<void> {
    this.#storing.add(room);
    try {
      const state = room.snapshot();
      if (state) {
        this.#bytes -= state.length;
        await room.store(state);
        this.metrics.stored++;
        this.metrics.storedBytes += state.length;
      }
    } catch (error) {
      // The checkpoint of a room that has ended meanwhile is missed by nobody.
      if (this.#dueMs.has(room)) {
        this.metrics.failed++;
        this.#options.onError(error);
      }
    }
    this.#storing.delete(room);
  }
}
