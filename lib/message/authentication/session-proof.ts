import { concatBytes } from "../../bytes.js";
import type { RandomBytes } from "../../random.js";
import type { AuthenticationContext } from "./authenticator.js";
import { checkProof, NONCE_BYTES, prove, splitProof } from "./proof.js";

/** The method of a proof that resumes a session. */
export const SESSION_METHOD = "network/session";
export const SESSION_ID_BYTES = 16;

/** What a client needs to resume its session. */
export interface ClientSession {
  id: Uint8Array;
  secret: Uint8Array;
  resumeWindowMs: number;
}

/** Client: names its session, and proves that it has the session's secret. */
export async function proveSession(
  { id, secret }: ClientSession,
  context: AuthenticationContext,
  randomBytes: RandomBytes,
): Promise<Uint8Array> {
  const clientNonce = randomBytes(NONCE_BYTES);
  return concatBytes([id, clientNonce, await prove(secret, SESSION_METHOD, "client", clientNonce, context)]);
}

/** Server: whether the payload, behind the session's id, proves the possession of `secret`. */
export async function checkSession(
  payload: Uint8Array,
  secret: Uint8Array,
  context: AuthenticationContext,
): Promise<boolean> {
  const parts = splitProof(payload.subarray(SESSION_ID_BYTES));
  return parts !== null && checkProof(parts.proof, secret, SESSION_METHOD, "client", parts.clientNonce, context);
}
