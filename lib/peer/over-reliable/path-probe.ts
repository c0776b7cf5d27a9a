/** About less than this nothing is asked. GNS connects with packets of this size. */
const SUSPICIOUS_BYTES = 512;
/** So many large packets in a row are not lost by chance: where half of them are lost, one run in 16 million. */
const BLACK_HOLE_LOSSES = 24;

/** Large ones that are missing are counted over half of the time-out, or over this time. */
const MAX_DEAD_MS = 5000;
/** Pings come so much less often until a large one is missing: in most games something is always in flight. */
const CALM_INTERVALS = 10;

/** The tokens of the Pings that ask. Those of other Pings count up from 1. */
const SMALL_TOKEN = 0xfffffffe;
export const LARGE_TOKEN = 0xffffffff;

/**
 * Finds out whether large packets arrive: of full size while something reliable is not acknowledged, as large as the
 * unreliable ones that were sent while there is no such thing. Small and large Pings go out in turn. Only a small one
 * that is answered counts: when the other side stands still, none is.
 */
export class PathProbe {
  /** When `next` has to be called, `Infinity` while there is nothing to ask. */
  dueMs = Number.POSITIVE_INFINITY;
  /** Small packets arrive, and none as large as `sizeBytes` does: the connection has to end. */
  isDead = false;
  /** The size of the Ping with `LARGE_TOKEN`. */
  sizeBytes = 0;
  readonly #intervalMs: number;
  readonly #fullBytes: number;
  #answers = 0;
  #isLarge = false;
  /** The largest unreliable packet since a large Ping was answered. */
  #unreliableBytes = 0;

  /** @param fullBytes the size of the packets in which reliable messages leave */
  constructor(timeoutMs: number, fullBytes: number) {
    this.#intervalMs = Math.min(timeoutMs / 2, MAX_DEAD_MS) / (2 * BLACK_HOLE_LOSSES);
    this.#fullBytes = fullBytes;
  }

  /** Something reliable is in flight again. */
  start(nowMs: number): void {
    this.dueMs = nowMs + this.#intervalMs * CALM_INTERVALS;
  }

  onUnreliableSent(sizeBytes: number, nowMs: number): void {
    if (sizeBytes < SUSPICIOUS_BYTES || sizeBytes <= this.#unreliableBytes) return;
    this.#unreliableBytes = sizeBytes;
    if (this.dueMs === Number.POSITIVE_INFINITY) this.start(nowMs);
  }

  /** The token of the Ping that is due, 0 for none. */
  next(bufferedBytes: number, nowMs: number): number {
    this.sizeBytes = bufferedBytes < SUSPICIOUS_BYTES ? this.#unreliableBytes : this.#fullBytes;
    if (this.sizeBytes === 0) {
      this.dueMs = Number.POSITIVE_INFINITY;
      this.#answers = 0;
      return 0;
    }
    this.dueMs = nowMs + this.#intervalMs * (this.#answers === 0 ? CALM_INTERVALS : 1);
    this.#isLarge = !this.#isLarge;
    return this.#isLarge ? LARGE_TOKEN : SMALL_TOKEN;
  }

  onPong(token: number): void {
    if (token === LARGE_TOKEN) {
      this.#answers = 0;
      this.#unreliableBytes = 0;
    } else if (token === SMALL_TOKEN && this.dueMs < Number.POSITIVE_INFINITY) {
      this.isDead = ++this.#answers >= BLACK_HOLE_LOSSES;
    }
  }
}
