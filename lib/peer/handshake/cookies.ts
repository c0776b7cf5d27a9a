import { concatBytes } from "../../bytes.js";
import type { RandomBytes } from "../../random.js";
import { sipHash } from "./siphash.js";

/** The number of the secret and a SipHash. */
export const COOKIE_BYTES = 9;
const SECRET_LIFE_MS = 30_000;

/**
 * Proofs that a stranger gets mail at its address, for which nothing has to be kept. A secret makes cookies for 30 s
 * and is good for 30 s more.
 */
export class Cookies {
  readonly #randomBytes: RandomBytes;
  #secret: Uint8Array;
  #previous: Uint8Array;
  #number = 0;
  #sinceMs: number;

  constructor(randomBytes: RandomBytes, nowMs: number) {
    this.#randomBytes = randomBytes;
    this.#secret = randomBytes(16);
    this.#previous = randomBytes(16);
    this.#sinceMs = nowMs;
  }

  /** A cookie for who has this address and chose this nonce. */
  issue(address: string, nonce: Uint8Array, nowMs: number): Uint8Array {
    this.#rotate(nowMs);
    return this.#make(this.#number, this.#secret, address, nonce);
  }

  check(cookie: Uint8Array, address: string, nonce: Uint8Array, nowMs: number): boolean {
    this.#rotate(nowMs);
    const secret = cookie[0] === this.#number ? this.#secret : this.#previous;
    const expected = this.#make(cookie[0] as number, secret, address, nonce);
    let difference = cookie.length ^ COOKIE_BYTES;
    for (let at = 0; at < COOKIE_BYTES; at++) difference |= (cookie[at] as number) ^ (expected[at] as number);
    return difference === 0;
  }

  #make(number: number, secret: Uint8Array, address: string, nonce: Uint8Array): Uint8Array {
    const message = concatBytes([nonce, new TextEncoder().encode(address)]);
    return concatBytes([Uint8Array.of(number), sipHash(secret, message)]);
  }

  #rotate(nowMs: number): void {
    const lives = Math.floor((nowMs - this.#sinceMs) / SECRET_LIFE_MS);
    if (lives < 1) return;
    this.#previous = lives === 1 ? this.#secret : this.#randomBytes(16);
    this.#secret = this.#randomBytes(16);
    this.#number ^= lives & 1;
    this.#sinceMs += lives * SECRET_LIFE_MS;
  }
}
