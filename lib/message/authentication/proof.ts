import { NetworkError } from "../../network-error.js";
import type { AuthenticationContext } from "./authenticator.js";

export const NONCE_BYTES = 32;
export const PROOF_BYTES = 32;

type Role = "client" | "server";

/** The platform's cryptography. @throws NetworkError `ERR_INSECURE_CONTEXT` where a browser withholds it */
export function webCrypto() {
  const subtle = globalThis.crypto?.subtle;
  if (subtle) return subtle;
  throw new NetworkError("ERR_INSECURE_CONTEXT", "WebCrypto needs a page from https or localhost");
}

const encoder = new TextEncoder();

/** What is proven: by whom, for what, over which connection. Every part has a length before it. */
export function transcript(label: string, role: Role, clientNonce: Uint8Array, context: AuthenticationContext) {
  const parts = [
    encoder.encode(`valve-sockets ${label}`),
    encoder.encode(role),
    clientNonce,
    context.nonce,
    context.channelBinding ?? new Uint8Array(0),
  ];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 2 + part.length, 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const part of parts) {
    view.setUint16(offset, part.length);
    bytes.set(part, offset + 2);
    offset += 2 + part.length;
  }
  return bytes;
}

const hmacKey = (secret: Uint8Array) =>
  webCrypto().importKey("raw", secret as Uint8Array<ArrayBuffer>, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
    "verify",
  ]);

/** Proof that one knows `secret`: HMAC-SHA-256 over the transcript. */
export async function prove(
  secret: Uint8Array,
  label: string,
  role: Role,
  clientNonce: Uint8Array,
  context: AuthenticationContext,
): Promise<Uint8Array> {
  const data = transcript(label, role, clientNonce, context);
  return new Uint8Array(await webCrypto().sign("HMAC", await hmacKey(secret), data));
}

/** Whether `proof` is what {@link prove} gives; in the same time for every wrong one. */
export async function checkProof(
  proof: Uint8Array,
  secret: Uint8Array,
  label: string,
  role: Role,
  clientNonce: Uint8Array,
  context: AuthenticationContext,
): Promise<boolean> {
  const data = transcript(label, role, clientNonce, context);
  return webCrypto().verify("HMAC", await hmacKey(secret), proof as Uint8Array<ArrayBuffer>, data);
}

/** A client's nonce and its proof, one after the other; null for anything else. */
export function splitProof(payload: Uint8Array): { clientNonce: Uint8Array; proof: Uint8Array } | null {
  if (payload.length !== NONCE_BYTES + PROOF_BYTES) return null;
  return { clientNonce: payload.subarray(0, NONCE_BYTES), proof: payload.subarray(NONCE_BYTES) };
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
