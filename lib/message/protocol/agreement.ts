/** The numbers of messages on the wire between two sides whose protocols are not the same: those of the server. */
export class Agreement {
  /** How many messages the server's protocol has. */
  readonly count: number;
  /** By the number here; -1: the other side does not have the message. */
  readonly #toWire: readonly number[];
  readonly #fromWire = new Map<number, number>();

  constructor(toWire: readonly number[], count: number) {
    this.count = count;
    this.#toWire = toWire;
    for (const [number, wireNumber] of toWire.entries()) {
      if (wireNumber >= 0) this.#fromWire.set(wireNumber, number);
    }
  }

  toWire(number: number): number {
    return this.#toWire[number] as number;
  }

  /** -1: there is no such message here. */
  fromWire(wireNumber: number): number {
    return this.#fromWire.get(wireNumber) ?? -1;
  }
}
