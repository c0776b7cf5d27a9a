// OCB2 with AES-128 (P. Rogaway, 2004), as Mumble seals its datagrams: a byte of the nonce, 3 of the tag, the text.
import { createCipheriv } from "node:crypto";

const BLOCK = 16;
const HEADER_BYTES = 4;

/** Seals datagrams to a server. */
export class Ocb2Sealer {
  #cipher;
  #nonce;

  constructor(key, nonce) {
    this.#cipher = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
    this.#nonce = Buffer.from(nonce);
  }

  seal(plain) {
    for (let index = 0; index < BLOCK; index++) {
      this.#nonce[index] = (this.#nonce[index] + 1) & 0xff;
      if (this.#nonce[index] !== 0) break;
    }
    const sealed = Buffer.alloc(HEADER_BYTES + plain.length);
    const delta = this.#aes(this.#nonce);
    const checksum = Buffer.alloc(BLOCK);
    let place = 0;
    for (; plain.length - place > BLOCK; place += BLOCK) {
      double(delta);
      const block = plain.subarray(place, place + BLOCK);
      xor(checksum, block);
      xored(delta, this.#aes(xored(delta, block))).copy(sealed, HEADER_BYTES + place);
    }
    const rest = plain.subarray(place);
    double(delta);
    const length = Buffer.alloc(BLOCK);
    length.writeUInt32BE(8 * rest.length, BLOCK - 4);
    const pad = this.#aes(xored(length, delta));
    const last = Buffer.from(pad);
    last.set(rest);
    xor(checksum, last);
    xored(pad, last).copy(sealed, HEADER_BYTES + place, 0, rest.length);
    const once = Buffer.from(delta);
    double(delta);
    xor(delta, once); // three times
    const tag = this.#aes(xored(delta, checksum));
    sealed[0] = this.#nonce[0];
    tag.copy(sealed, 1, 0, 3);
    return sealed;
  }

  #aes(block) {
    return this.#cipher.update(block);
  }
}

function xor(into, other) {
  for (let index = 0; index < BLOCK; index++) into[index] ^= other[index];
  return into;
}

const xored = (one, other) => xor(Buffer.from(one), other);

/** Twice, in GF(2^128). */
function double(block) {
  const carry = block[0] >> 7;
  for (let index = 0; index < BLOCK - 1; index++) block[index] = ((block[index] << 1) | (block[index + 1] >> 7)) & 0xff;
  block[BLOCK - 1] = ((block[BLOCK - 1] << 1) & 0xff) ^ (carry * 0x87);
}
