import { NetworkError } from "../network-error.js";
import { type AeadKey, tagSizeBytes } from "./primitives.js";

/** A key with the number of its next message: the CipherState of the Noise specification, with a key always. */
export class CipherState {
  readonly #key: AeadKey;
  #nonce = 0;

  constructor(key: AeadKey) {
    this.#key = key;
  }

  encrypt(associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const sealed = new Uint8Array(plaintext.length + tagSizeBytes);
    this.#key.seal(this.#nonce++, 0, associatedData, plaintext, sealed, 0);
    return sealed;
  }

  /** @throws NetworkError `ERR_NOISE_DECRYPT` */
  decrypt(associatedData: Uint8Array, sealed: Uint8Array): Uint8Array {
    const plaintext = new Uint8Array(Math.max(sealed.length - tagSizeBytes, 0));
    if (sealed.length < tagSizeBytes || !this.#key.open(this.#nonce, 0, associatedData, sealed, plaintext, 0)) {
      throw new NetworkError("ERR_NOISE_DECRYPT", "The handshake message was sealed with another key, or altered");
    }
    this.#nonce++;
    return plaintext;
  }
}
