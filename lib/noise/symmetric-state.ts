import { concatBytes } from "../bytes.js";
import { CipherState } from "./cipher-state.js";
import { hkdf } from "./hkdf.js";
import { KEY_SIZE_BYTES, type NoisePrimitives } from "./primitives.js";

/** What both ends of a handshake know so far: the SymmetricState of the Noise specification (section 5.2). */
export class SymmetricState {
  readonly #primitives: NoisePrimitives;
  hash: Uint8Array;
  #chainingKey: Uint8Array;
  #cipher: CipherState | null = null;

  /** @param protocolName at most 32 characters, as all names here have; a longer name would have to be hashed */
  constructor(primitives: NoisePrimitives, protocolName: string) {
    this.#primitives = primitives;
    this.hash = new Uint8Array(KEY_SIZE_BYTES);
    this.hash.set(new TextEncoder().encode(protocolName));
    this.#chainingKey = this.hash;
  }

  /** A copy to continue with, so that a failed attempt leaves this one as it was. */
  copy(): SymmetricState {
    const copy = new SymmetricState(this.#primitives, "");
    copy.hash = this.hash;
    copy.#chainingKey = this.#chainingKey;
    copy.#cipher = this.#cipher;
    return copy;
  }

  mixHash(bytes: Uint8Array): void {
    this.hash = this.#primitives.sha256(concatBytes([this.hash, bytes]));
  }

  mixKey(material: Uint8Array): void {
    const [chainingKey, key] = hkdf(this.#primitives, this.#chainingKey, material);
    this.#chainingKey = chainingKey;
    this.#cipher = new CipherState(this.#primitives.aeadKey(key));
  }

  /** Before the first key it does not encrypt, but only mixes the plaintext into the hash. */
  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const sealed = this.#cipher?.encrypt(this.hash, plaintext) ?? new Uint8Array(plaintext);
    this.mixHash(sealed);
    return sealed;
  }

  /** @throws NetworkError `ERR_NOISE_DECRYPT` */
  decryptAndHash(sealed: Uint8Array): Uint8Array {
    const plaintext = this.#cipher?.decrypt(this.hash, sealed) ?? new Uint8Array(sealed);
    this.mixHash(sealed);
    return plaintext;
  }

  /** The keys of the initiator and the responder, in this order. */
  split(): [Uint8Array, Uint8Array] {
    return hkdf(this.#primitives, this.#chainingKey, new Uint8Array(0));
  }
}
