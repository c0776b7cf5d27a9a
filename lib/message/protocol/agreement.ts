/** Which numbers two sides use for their messages, where their protocols are not the same. */
export class Agreement {
  /** By number of ours; -1: the other side does not know the message. */
  readonly #toWire: readonly number[];
  readonly #fromWire = new Map<number, number>();

  constructor(toWire: readonly number[]) {
    this.#toWire = toWire;
    for (const [number, wireNumber] of toWire.entries()) {
      if (wireNumber >= 0) this.#fromWire.set(wireNumber, number);
    }
  }

  toWire(number: number): number {
    return this.#toWire[number] as number;
  }

  /** -1: no message of ours. */
  fromWire(wireNumber: number): number {
    return this.#fromWire.get(wireNumber) ?? -1;
  }
}
