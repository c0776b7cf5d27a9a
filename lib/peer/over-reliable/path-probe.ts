/** With less in flight nothing is asked. GNS connects with packets of this size. */
const SUSPICIOUS_BYTES = 512;
/** So many full packets in a row are not lost by chance: where half of them are lost, one run in 16 million. */
const BLACK_HOLE_LOSSES = 24;

/** Full ones that are missing are counted over half of the time-out, or over this time. */
const MAX_DEAD_MS = 5000;
/** Pings come so much less often until a full one is missing: in most games something is always in flight. */
const CALM_INTERVALS = 10;

/** The tokens of the Pings that ask. Those of other Pings count up from 1. */
const SMALL_TOKEN = 0xfffffffe;
export const FULL_TOKEN = 0xffffffff;

/**
 * Finds out whether packets of full size arrive while something reliable is not acknowledged. Small and full Pings go
 * out in turn. Only a small one that is answered counts: when the other side stands still, none is.
 */
export class PathProbe {
  /** When `next` has to be called, `Infinity` while nothing is in flight. */
  dueMs = Number.POSITIVE_INFINITY;
  /** Small packets arrive, and none of full size does: the connection has to end. */
  isDead = false;
  readonly #intervalMs: number;
  #answers = 0;
  #isFull = false;

  constructor(timeoutMs: number) {
    this.#intervalMs = Math.min(timeoutMs / 2, MAX_DEAD_MS) / (2 * BLACK_HOLE_LOSSES);
  }

  /** Something reliable is in flight again. */
  start(nowMs: number): void {
    this.dueMs = nowMs + this.#intervalMs * CALM_INTERVALS;
  }

  /** The token of the Ping that is due, 0 for none. */
  next(bufferedBytes: number, nowMs: number): number {
    if (bufferedBytes < SUSPICIOUS_BYTES) {
      this.dueMs = Number.POSITIVE_INFINITY;
      this.#answers = 0;
      return 0;
    }
    this.dueMs = nowMs + this.#intervalMs * (this.#answers === 0 ? CALM_INTERVALS : 1);
    this.#isFull = !this.#isFull;
    return this.#isFull ? FULL_TOKEN : SMALL_TOKEN;
  }

  onPong(token: number): void {
    if (token === FULL_TOKEN) this.#answers = 0;
    else if (token === SMALL_TOKEN && this.dueMs < Number.POSITIVE_INFINITY) {
      this.isDead = ++this.#answers >= BLACK_HOLE_LOSSES;
    }
  }
}
