import { checkBytes, outOfRange } from "../arguments.js";
import { thingOption } from "../options.js";
import type { RandomBytes } from "../random.js";

/** Size of every key in bytes: X25519 private and public keys, and keys of the AEAD. */
export const KEY_SIZE_BYTES = 32;
/** How many bytes sealing adds to a packet. */
export const TAG_SIZE_BYTES = 16;

/** An X25519 key pair (RFC 7748). */
export interface KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The shared secret, 32 bytes. A public key of small order gives zeros or makes it throw. */
  diffieHellman(publicKey: Uint8Array): Uint8Array;
}

/**
 * A key of the AEAD, prepared for many packets. The nonce is a 64-bit number given as two u32, in the layout that the
 * Noise specification (section 12) gives for the cipher. No two packets may be sealed with the same nonce.
 */
export interface AeadKey {
  /**
   * Seals a packet in place: `headerBytes` from `start` on are only authenticated, what follows up to `end` is
   * encrypted, and the tag is written behind it. `buffer` must have room for all of that.
   */
  seal(low: number, high: number, buffer: Uint8Array, start: number, headerBytes: number, end: number): void;

  /**
   * Opens a packet in place. Between the header and `end` there is at least room for the tag.
   *
   * @returns false if it was not sealed with this key, nonce and header; everything behind the header is zero then
   */
  open(low: number, high: number, buffer: Uint8Array, start: number, headerBytes: number, end: number): boolean;
}

/**
 * The cryptography that Noise is built from. Everything is synchronous, which WebCrypto in browsers is not. For Node.js
 * there are `nativePrimitives` in `valve-sockets/noise/native` and `nodePrimitives` in `valve-sockets/noise/node`.
 */
export interface NoisePrimitives {
  /** The AEAD by its name in Noise: AES-256-GCM or ChaCha20-Poly1305. Both ends must use the same. */
  readonly cipher: "AESGCM" | "ChaChaPoly";
  /** Random bytes for private keys. */
  randomBytes: RandomBytes;
  /** SHA-256 of these bytes: 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array;
  /** Makes a new key pair, for one handshake. */
  generateKeyPair(): KeyPair;
  /**
   * The key pair with this private key.
   *
   * @param privateKey 32 bytes of any value
   */
  keyPair(privateKey: Uint8Array): KeyPair;
  /**
   * Prepares a key of the AEAD.
   *
   * @param key 32 bytes
   */
  aeadKey(key: Uint8Array): AeadKey;
}

/** @throws TypeError `ERR_INVALID_ARG_TYPE` */
export const primitivesOption = thingOption(
  "what nativePrimitives() or nodePrimitives() returns",
  "randomBytes",
  "sha256",
  "generateKeyPair",
  "keyPair",
  "aeadKey",
);

/** Of a key. @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE` */
export function checkKey(name: string, key: Uint8Array): void {
  checkBytes(name, key);
  if (key.length !== KEY_SIZE_BYTES) throw outOfRange(`${name} must be ${KEY_SIZE_BYTES} bytes, not ${key.length}`);
}
