import { concatBytes } from "../bytes.js";
import type { NoisePrimitives } from "./primitives.js";

const BLOCK_SIZE_BYTES = 64;

/** HMAC-SHA256 (RFC 2104) with a key of at most 64 bytes. */
function hmacSha256({ sha256 }: NoisePrimitives, key: Uint8Array, message: Uint8Array): Uint8Array {
  const padded = new Uint8Array(BLOCK_SIZE_BYTES);
  padded.set(key);
  const inner = sha256(concatBytes([padded.map((byte) => byte ^ 0x36), message]));
  return sha256(concatBytes([padded.map((byte) => byte ^ 0x5c), inner]));
}

/** HKDF as Noise uses it (section 4.3): two keys of 32 bytes from a chaining key and new key material. */
export function hkdf(
  primitives: NoisePrimitives,
  chainingKey: Uint8Array,
  material: Uint8Array,
): [Uint8Array, Uint8Array] {
  const temporaryKey = hmacSha256(primitives, chainingKey, material);
  const first = hmacSha256(primitives, temporaryKey, Uint8Array.of(1));
  return [first, hmacSha256(primitives, temporaryKey, concatBytes([first, Uint8Array.of(2)]))];
}
