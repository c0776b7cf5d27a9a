const BUCKETS = 10;
const BUCKET_MS = 1000;
/** So few packets say nothing. */
const LEAST_PACKETS = 50;
const DEGRADED_SHARE = 0.05;

/** How much of what was heard in the last 10 s came when it had been its turn already. */
export class LateMeter {
  readonly #heard = new Int32Array(BUCKETS);
  readonly #late = new Int32Array(BUCKETS);
  #second = 0;

  add(late: number, nowMs: number): void {
    const at = this.#advance(nowMs);
    this.#heard[at] = (this.#heard[at] as number) + 1;
    this.#late[at] = (this.#late[at] as number) + late;
  }

  /** Whether more than 5 % came too late. */
  isDegraded(nowMs: number): boolean {
    this.#advance(nowMs);
    const heard = this.#heard.reduce((sum, count) => sum + count, 0);
    return heard >= LEAST_PACKETS && this.#late.reduce((sum, count) => sum + count, 0) > DEGRADED_SHARE * heard;
  }

  /** Forgets what is older than 10 s. @returns the place of the present second */
  #advance(nowMs: number): number {
    const second = Math.floor(nowMs / BUCKET_MS);
    for (let next = Math.max(this.#second + 1, second - BUCKETS + 1); next <= second; next++) {
      this.#heard[next % BUCKETS] = this.#late[next % BUCKETS] = 0;
    }
    this.#second = Math.max(this.#second, second);
    return this.#second % BUCKETS;
  }
}
