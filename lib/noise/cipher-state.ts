import { concatBytes } from "../bytes.js";
import { NetworkError } from "../network-error.js";
import { type AeadKey, TAG_SIZE_BYTES } from "./primitives.js";

/**
 * A key and the number of its next message: the CipherState of the Noise specification, which here always has a key.
 */
export class CipherState {
  readonly #key: AeadKey;
  #nonce = 0;

  constructor(key: AeadKey) {
    this.#key = key;
  }

  encrypt(associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const packet = concatBytes([associatedData, plaintext, new Uint8Array(TAG_SIZE_BYTES)]);
    this.#key.seal(this.#nonce++, 0, packet, 0, associatedData.length, packet.length - TAG_SIZE_BYTES);
    return packet.slice(associatedData.length);
  }

  /** @throws NetworkError `ERR_NOISE_DECRYPT` */
  decrypt(associatedData: Uint8Array, sealed: Uint8Array): Uint8Array {
    const packet = concatBytes([associatedData, sealed]);
    const headerBytes = associatedData.length;
    if (sealed.length < TAG_SIZE_BYTES || !this.#key.open(this.#nonce, 0, packet, 0, headerBytes, packet.length)) {
      throw new NetworkError("ERR_NOISE_DECRYPT", "The handshake message was sealed with another key, or altered");
    }
    this.#nonce++;
    return packet.slice(headerBytes, packet.length - TAG_SIZE_BYTES);
  }
}
