/** What became of a packet's number. */
export enum Arrival {
  /** In order, or late by less than 64 packets. */
  New = 0,
  Duplicate = 1,
  /** Older than the last 64. */
  TooOld = 2,
}

export const WINDOW = 64;
const HALF = 0x8000;

/** Which of the last 64 numbers (u16, circular) have come, and how many are missing. */
export class PacketWindow {
  /** Bits of the highest number and the 31 before it, and of the 32 before those. */
  #recent = 0;
  #older = 0;
  #highest = -1;
  /** How many came, and how many should have: from the first number to the highest. */
  received = 0;
  expected = 0;
  reordered = 0;
  /** How often packets were missing in a row. */
  gaps = 0;

  get lost(): number {
    return Math.max(0, this.expected - this.received);
  }

  /** @param isResumed what is missing before it was not sent here, and so is not lost */
  accept(number: number, isResumed = false): Arrival {
    if (this.#highest < 0) {
      this.#advance(1, number);
      return Arrival.New;
    }
    const ahead = (number - this.#highest) & 0xffff;
    if (ahead !== 0 && ahead < HALF) {
      this.#advance(ahead, number);
      if (isResumed && ahead > 1) {
        this.expected -= ahead - 1;
        this.gaps--;
      }
      return Arrival.New;
    }
    const behind = (this.#highest - number) & 0xffff;
    if (behind >= WINDOW) return Arrival.TooOld;
    const bit = 1 << (behind & 31);
    const bits = behind < 32 ? this.#recent : this.#older;
    if ((bits & bit) !== 0) return Arrival.Duplicate;
    if (behind < 32) this.#recent |= bit;
    else this.#older |= bit;
    this.received++;
    this.reordered++;
    return Arrival.New;
  }

  #advance(by: number, number: number): void {
    if (by >= WINDOW) this.#recent = this.#older = 0;
    else if (by >= 32) {
      this.#older = by === 32 ? this.#recent : this.#recent << (by - 32);
      this.#recent = 0;
    } else {
      this.#older = (this.#older << by) | (this.#recent >>> (32 - by));
      this.#recent <<= by;
    }
    this.#recent |= 1;
    this.#highest = number;
    this.received++;
    this.expected += by;
    if (by > 1) this.gaps++;
  }
}
