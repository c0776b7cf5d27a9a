import type { Agreement } from "./agreement.js";

/** To which stay of a player in a room a message belongs. */
export enum Era {
  Present = 0,
  /** It was sent before the player moved. */
  Past = 1,
  /** It was sent after a move that this side has not heard of yet. */
  Future = 2,
}

/**
 * So many moves have numbers of their own; then they begin again. What comes from more than half as many moves ago
 * would be taken for something new: no lane is ever so far behind.
 */
const ERAS = 64;

/**
 * The numbers of messages on one connection: those of the server's protocol, and after each move of the player to
 * another room the same numbers again, higher by the count of messages. So every message says itself to which room it
 * belongs, on whatever lane and in whatever order it comes.
 */
export class WireNumbers {
  /** What is added to the numbers in this era. */
  base = 0;
  /** How many numbers an era has: as many as the server's protocol has messages. */
  #period: number;
  /** Null: both sides have the same protocol. */
  #agreement: Agreement | null = null;
  #era = 0;
  #hasMoved = false;

  /** @param count how many messages the protocol of this side has */
  constructor(count: number) {
    this.#period = count;
  }

  /** Both sides have compared their protocols; nobody has moved yet. */
  agree(agreement: Agreement): void {
    this.#agreement = agreement;
    this.#period = agreement.count;
  }

  /** The player has moved. */
  move(): void {
    this.#begin((this.#era + 1) % ERAS);
  }

  /** This side hears of a move by a message with this number. */
  follow(wireNumber: number): void {
    this.#begin(Math.floor(wireNumber / this.#period) % ERAS);
  }

  /** -1: the other side does not have the message. */
  toWire(number: number): number {
    const wireNumber = this.#agreement === null ? number : this.#agreement.toWire(number);
    return wireNumber < 0 ? -1 : wireNumber + this.base;
  }

  /** The number here of a message of any era. -1: there is no such message here. */
  fromWire(wireNumber: number): number {
    const number = this.#isPresent(wireNumber) ? wireNumber - this.base : this.#inItsEra(wireNumber);
    return this.#agreement === null ? number : this.#agreement.fromWire(number);
  }

  /** Numbers that nobody gives are of the future. */
  eraOf(wireNumber: number): Era {
    if (this.#isPresent(wireNumber)) return Era.Present;
    const era = Math.floor(wireNumber / this.#period);
    if (era >= ERAS || !this.#hasMoved) return Era.Future;
    return (era - this.#era + ERAS) % ERAS < ERAS / 2 ? Era.Future : Era.Past;
  }

  /** -1: there is no such era. */
  #inItsEra(wireNumber: number): number {
    return wireNumber < ERAS * this.#period ? wireNumber % this.#period : -1;
  }

  #isPresent(wireNumber: number): boolean {
    return wireNumber >= this.base && wireNumber < this.base + this.#period;
  }

  #begin(era: number): void {
    this.#hasMoved = true;
    this.#era = era;
    this.base = era * this.#period;
  }
}
