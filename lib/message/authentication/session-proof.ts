import { concatBytes } from "../../bytes.js";
import type { AuthenticationContext, Credential } from "./authenticator.js";
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

/** Client: names its session, proves that it has the session's secret, and has the server prove the same. */
export function sessionCredential({ id, secret }: ClientSession): Required<Credential> {
  let clientNonce: Uint8Array = new Uint8Array(0);
  return {
    method: SESSION_METHOD,
    prove: async (context) => {
      clientNonce = context.randomBytes(NONCE_BYTES);
      return concatBytes([id, clientNonce, await prove(secret, SESSION_METHOD, "client", clientNonce, context)]);
    },
    confirm: (reply, context) => checkProof(reply, secret, SESSION_METHOD, "server", clientNonce, context),
  };
}

/** Whether the payload can be a proof: what is none is not looked up. */
export const isSessionProof = (payload: Uint8Array): boolean => splitProof(payload.subarray(SESSION_ID_BYTES)) !== null;

/**
 * Server: checks whether the payload, behind the session's id, proves the possession of `secret`.
 *
 * @returns the server's own proof of that; null: it does not
 */
export async function answerSession(
  payload: Uint8Array,
  secret: Uint8Array,
  context: AuthenticationContext,
): Promise<Uint8Array | null> {
  const parts = splitProof(payload.subarray(SESSION_ID_BYTES));
  if (!parts || !(await checkProof(parts.proof, secret, SESSION_METHOD, "client", parts.clientNonce, context))) {
    return null;
  }
  return prove(secret, SESSION_METHOD, "server", parts.clientNonce, context);
}
