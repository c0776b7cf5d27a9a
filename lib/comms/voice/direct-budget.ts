/** Heads of UDP and IPv4. */
const HEAD_BYTES = 28;
const WINDOW_MS = 1000;
/** More listeners are reached directly again when it has been enough for them so long, with so much to spare. */
const CALM_MS = 5000;
const SPARE = 0.8;
/** So much of what was sent is taken for the bandwidth where packets could not leave; it is tried higher by and by. */
const BACK_OFF = 0.7;
const TRY_AGAIN = 1.25;
const CONGESTED_SHARE = 0.05;

/**
 * How many listeners a speaker reaches directly, by what it may send, and by what could leave: each costs the whole
 * stream once, and all that are reached by the server cost it once together.
 */
export class DirectBudget {
  readonly #limit: number;
  /** Bytes a second that can leave, as far as that has shown. */
  #measured = Number.POSITIVE_INFINITY;
  /** Listeners that are reached directly at most. */
  #places = Number.POSITIVE_INFINITY;
  #windowMs = Number.NEGATIVE_INFINITY;
  #bytes = 0;
  #packets = 0;
  #congested = 0;
  #calmMs = Number.NEGATIVE_INFINITY;

  /** @param limit bytes a second that this client may send in all */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A direct packet could not leave. */
  congested(): void {
    this.#congested++;
  }

  /**
   * For a packet that is about to be sent.
   *
   * @param bytes of the packet
   * @param direct listeners that can be reached directly
   * @param others listeners that cannot
   * @returns how many to reach directly
   */
  placesFor(bytes: number, direct: number, others: number, nowMs: number): number {
    if (nowMs - this.#windowMs >= WINDOW_MS) this.#decide(direct, others, nowMs);
    this.#bytes += bytes + HEAD_BYTES;
    this.#packets++;
    return Math.min(direct, this.#places);
  }

  #decide(direct: number, others: number, nowMs: number): void {
    const passedMs = nowMs - this.#windowMs;
    // After a pause the last second says nothing.
    const rate = passedMs < 2 * WINDOW_MS ? (this.#bytes * 1000) / passedMs : 0;
    const sent = Math.min(direct, this.#places);
    if (this.#congested > CONGESTED_SHARE * this.#packets * sent) this.#measured = BACK_OFF * rate * sent;
    else if (nowMs - this.#calmMs >= CALM_MS) this.#measured *= TRY_AGAIN;
    const isTight = this.#congested > 0;
    this.#bytes = this.#packets = this.#congested = 0;
    this.#windowMs = nowMs;
    if (rate === 0) return;
    const budget = Math.min(this.#limit, this.#measured);
    const enough = placesIn(budget, rate, direct, others);
    if (enough < sent || isTight) {
      this.#places = Math.min(this.#places, enough);
      this.#calmMs = nowMs;
    } else if (nowMs - this.#calmMs >= CALM_MS) {
      this.#places = Math.max(sent, placesIn(SPARE * budget, rate, direct, others));
      this.#calmMs = nowMs;
    }
  }
}

/** How many streams of `rate` are in the budget, beside that for the server, if anybody is reached by it. */
function placesIn(budget: number, rate: number, direct: number, others: number): number {
  const streams = Math.floor(budget / rate);
  return direct + Math.min(others, 1) <= streams ? direct : Math.max(0, Math.min(direct, streams - 1));
}
