import type { RandomBytes } from "../random.js";

/** Bytes of a key: X25519 private and public, AEAD. */
export const KEY_SIZE_BYTES = 32;
/** Bytes that sealing adds. */
export const TAG_SIZE_BYTES = 16;

/** An X25519 key pair (RFC 7748). */
export interface KeyPair {
  readonly publicKey: Uint8Array;
  /** The shared secret, 32 bytes; all zero, or an exception, for a public key of small order. */
  diffieHellman(publicKey: Uint8Array): Uint8Array;
}

/**
 * A key of the AEAD, prepared for many packets. The nonce is a 64-bit number in two u32, laid out as the Noise
 * specification says for the cipher (section 12); no two packets may be sealed with the same one.
 */
export interface AeadKey {
  /**
   * Seals a packet in place: `headerBytes` from `start` on are authenticated only, what follows up to `end` is
   * encrypted, and the tag is written behind it. All of it has to be in `buffer`.
   */
  seal(nonceLow: number, nonceHigh: number, buffer: Uint8Array, start: number, headerBytes: number, end: number): void;

  /**
   * Opens a packet in place: the tag, at least, lies between the header and `end`.
   *
   * @returns false: not sealed with this key, nonce and header; then all behind the header is zero
   */
  open(
    nonceLow: number,
    nonceHigh: number,
    buffer: Uint8Array,
    start: number,
    headerBytes: number,
    end: number,
  ): boolean;
}

/**
 * The cryptography that Noise is built from, given by the platform. Everything is synchronous, which a browser's
 * WebCrypto is not: for Node.js see `nativePrimitives` of `valve-sockets/noise/native` and `nodePrimitives` of
 * `valve-sockets/noise/node`.
 */
export interface NoisePrimitives {
  /** The AEAD by its name in Noise: AES-256-GCM or ChaCha20-Poly1305. Both ends must have the same. */
  readonly cipher: "AESGCM" | "ChaChaPoly";
  randomBytes: RandomBytes;
  sha256(bytes: Uint8Array): Uint8Array;
  /** A new one, for one handshake. */
  generateKeyPair(): KeyPair;
  /** @param privateKey 32 bytes of any value */
  keyPair(privateKey: Uint8Array): KeyPair;
  /** @param key 32 bytes */
  aeadKey(key: Uint8Array): AeadKey;
}
