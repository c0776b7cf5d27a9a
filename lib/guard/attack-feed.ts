import { isThenable } from "../brands.js";
import type { Clock } from "../clock.js";
import type { TimedSource } from "./guard-lists.js";

/** What a route is told: sources, and for how many milliseconds each; null is for ever, 0 takes it back. */
export interface AttackBatch {
  /** Sources that have proved themselves. */
  readonly known: readonly TimedSource[];
  /** Sources whose connections are to be dropped. */
  readonly banned: readonly TimedSource[];
}

/** Takes sources to where connections are let through or dropped before they reach the process. */
export type AttackRoute = (batch: AttackBatch) => void | Promise<void>;

/** Batches come at most 5 times a second, and have at most so many sources. */
const PAUSE_MS = 200;
const MAX_SOURCES = 4096;
/** Sources that may wait. The oldest ones beyond are left out. */
const MAX_WAITING = 65_536;

/** Gives a route what a guard finds out during a flood. */
export class AttackFeed {
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #known = new Map<string, number | null>();
  readonly #banned = new Map<string, number | null>();
  route: AttackRoute | null = null;
  /** A batch is due, or under way. */
  #isBusy = false;
  #isSending = false;
  #timer: unknown;
  /** No batch leaves before. */
  #freeMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.#clock = clock;
    this.#onError = onError;
  }

  /** @param source whoever was added last is the first to be left out of a list that is too long */
  add(list: keyof AttackBatch, source: string, leftMs: number | null): void {
    if (!this.route) return;
    const waiting = list === "known" ? this.#known : this.#banned;
    waiting.delete(source);
    if (waiting.size >= MAX_WAITING) waiting.delete(waiting.keys().next().value as string);
    waiting.set(source, leftMs);
    this.#plan();
  }

  /** Forgets what waits. The route is not called again before it has taken what is under way. */
  clear(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#known.clear();
    this.#banned.clear();
    this.#isBusy = this.#isSending;
  }

  #plan(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    // What comes in the same turn leaves together.
    this.#timer = this.#clock.setTimeout(() => this.#send(), Math.max(0, this.#freeMs - this.#clock.now()));
  }

  #send(): void {
    this.#isSending = true;
    // Bans first: who is known gets in without a route too, if there is room.
    const banned = takeFrom(this.#banned, MAX_SOURCES);
    const known = takeFrom(this.#known, MAX_SOURCES - banned.length);
    try {
      const taken = this.route?.({ banned, known });
      if (!isThenable(taken)) this.#onSent();
      else
        taken.then(
          () => this.#onSent(),
          (error) => this.#failed(error),
        );
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#onError(error);
    this.#onSent();
  }

  #onSent(): void {
    this.#isSending = false;
    this.#isBusy = false;
    this.#freeMs = this.#clock.now() + PAUSE_MS;
    if (this.#known.size + this.#banned.size > 0) this.#plan();
  }
}

function takeFrom(waiting: Map<string, number | null>, count: number): TimedSource[] {
  const taken: TimedSource[] = [];
  for (const entry of waiting) {
    if (taken.length >= count) break;
    taken.push(entry);
  }
  for (const [source] of taken) waiting.delete(source);
  return taken;
}
