import { concatBytes } from "../../bytes.js";
import { NetworkError } from "../../network-error.js";
import type { AuthenticationContext } from "./authenticator.js";

export const NONCE_BYTES = 32;
export const PROOF_BYTES = 32;

type Role = "client" | "server";

/** A key of WebCrypto, a `CryptoKey`: of Ed25519 for tokens. */
export interface SigningKey {
  /** What the key is for. */
  readonly algorithm: {
    /** `Ed25519` for the keys of tokens. */
    readonly name: string;
  };
  /** Whether the platform gives the key's bytes. */
  readonly extractable: boolean;
  /** `public`, `private` or `secret`. */
  readonly type: string;
  /** What the platform does with the key, such as `sign` and `verify`. */
  readonly usages: readonly string[];
}

/** What is used of WebCrypto's `SubtleCrypto`, whose own types are others in Node.js than in browsers. */
export interface WebCrypto {
  importKey(
    format: "raw",
    key: Uint8Array,
    algorithm: object,
    extractable: boolean,
    usages: string[],
  ): Promise<SigningKey>;
  exportKey(format: "raw", key: SigningKey): Promise<ArrayBuffer>;
  generateKey(
    algorithm: object,
    extractable: boolean,
    usages: string[],
  ): Promise<{ privateKey: SigningKey; publicKey: SigningKey }>;
  sign(algorithm: object, key: SigningKey, data: Uint8Array): Promise<ArrayBuffer>;
  verify(algorithm: object, key: SigningKey, signature: Uint8Array, data: Uint8Array): Promise<boolean>;
}

/** The platform's WebCrypto. @throws NetworkError `ERR_INSECURE_CONTEXT` where a browser withholds it */
export function webCrypto(): WebCrypto {
  const subtle = globalThis.crypto?.subtle as unknown as WebCrypto | undefined;
  if (subtle) return subtle;
  throw new NetworkError("ERR_INSECURE_CONTEXT", "WebCrypto needs a page from https or localhost");
}

const encoder = new TextEncoder();

/**
 * The bytes that a proof is made over: kind of proof, side that proves, both nonces, channel binding. Each part follows
 * its length (two bytes, the most significant first).
 */
export function transcript(label: string, role: Role, clientNonce: Uint8Array, context: AuthenticationContext) {
  const parts = [
    encoder.encode(`valve-sockets ${label}`),
    encoder.encode(role),
    clientNonce,
    context.nonce,
    context.channelBinding ?? new Uint8Array(0),
  ];
  return concatBytes(parts.flatMap((part) => [Uint8Array.of(part.length >>> 8, part.length), part]));
}

const HMAC_SHA_256 = { name: "HMAC", hash: "SHA-256" };

const hmacKey = (secret: Uint8Array) => webCrypto().importKey("raw", secret, HMAC_SHA_256, false, ["sign", "verify"]);

/** Proves the knowledge of `secret`: HMAC-SHA-256 over the transcript. */
export async function prove(
  secret: Uint8Array,
  label: string,
  role: Role,
  clientNonce: Uint8Array,
  context: AuthenticationContext,
): Promise<Uint8Array> {
  const data = transcript(label, role, clientNonce, context);
  return new Uint8Array(await webCrypto().sign(HMAC_SHA_256, await hmacKey(secret), data));
}

/** Whether `proof` is what {@link prove} gives. Takes the same time for every wrong proof. */
export async function checkProof(
  proof: Uint8Array,
  secret: Uint8Array,
  label: string,
  role: Role,
  clientNonce: Uint8Array,
  context: AuthenticationContext,
): Promise<boolean> {
  const data = transcript(label, role, clientNonce, context);
  return webCrypto().verify(HMAC_SHA_256, await hmacKey(secret), proof, data);
}

/** Splits a payload into the client's nonce and its proof. Null: it has another length. */
export function splitProof(payload: Uint8Array): { clientNonce: Uint8Array; proof: Uint8Array } | null {
  if (payload.length !== NONCE_BYTES + PROOF_BYTES) return null;
  return { clientNonce: payload.subarray(0, NONCE_BYTES), proof: payload.subarray(NONCE_BYTES) };
}
