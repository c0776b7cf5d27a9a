/** Of how many ticks it is known how many packets had been sent by then. */
const REMEMBERED = 256;
/** The part that is lost is that of the last so many packets, at least. */
const COUNTED = 120;

/** A client's packets of inputs, and which part of them is lost: the server counts those that come. */
export class SentPackets {
  /** 0 to 1. */
  lostPart = 0;
  #sent = 0;
  readonly #sentBy = new Float64Array(REMEMBERED);
  readonly #tickOf = new Float64Array(REMEMBERED).fill(-1);
  /** Where the counting began; a negative number before the first report. */
  #firstSent = -1;
  #received = 0;
  #lastCount = 0;

  /** Forgets everything: the server begins to count as well. */
  clear(): void {
    this.#tickOf.fill(-1);
    this.#firstSent = -1;
  }

  /** A packet whose newest input is for `tick` is sent. */
  send(tick: number): void {
    this.#sent++;
    this.#tickOf[tick % REMEMBERED] = tick;
    this.#sentBy[tick % REMEMBERED] = this.#sent;
  }

  /** When the server had the packet of `tick`, it had received `count` packets (u8, which wraps around). */
  report(tick: number, count: number): void {
    if (this.#tickOf[tick % REMEMBERED] !== tick) return;
    const sent = this.#sentBy[tick % REMEMBERED] as number;
    if (this.#firstSent < 0) {
      this.#firstSent = sent;
      this.#received = 0;
    } else this.#received += (count - this.#lastCount) & 255;
    this.#lastCount = count;
    const counted = sent - this.#firstSent;
    if (counted < COUNTED) return;
    this.lostPart = Math.min(Math.max(1 - this.#received / counted, 0), 1);
    this.#firstSent = sent;
    this.#received = 0;
  }
}
