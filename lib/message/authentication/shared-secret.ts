import { NetworkError } from "../../network-error.js";
import type { Authenticator, Credential, CredentialContext } from "./authenticator.js";
import { checkProof, concat, NONCE_BYTES, prove, splitProof } from "./proof.js";

const METHOD = "shared-secret";
/** Of a secret that nobody can guess from a proof. */
const STRONG_SECRET_BYTES = 16;

const secretBytes = (secret: Uint8Array | string) => {
  const bytes = typeof secret === "string" ? new TextEncoder().encode(secret) : secret.slice();
  if (bytes.length === 0) throw new RangeError("A shared secret is not empty");
  return bytes;
};

/** Server: whoever knows the secret may come in. The server proves in return that it knows it, too. */
export function sharedSecretAuthenticator(secret: Uint8Array | string): Authenticator {
  const key = secretBytes(secret);
  return {
    method: METHOD,
    authenticate: async (payload, attempt) => {
      const parts = splitProof(payload);
      if (!parts || !(await checkProof(parts.proof, key, METHOD, "client", parts.clientNonce, attempt))) {
        return { refused: "The shared secret is another one" };
      }
      return { reply: await prove(key, METHOD, "server", parts.clientNonce, attempt) };
    },
  };
}

/**
 * Client: proves that it knows the secret, without telling it, and has the server prove the same.
 * A secret under 16 bytes could be guessed from the proof, so it is used towards an authenticated server only (a pinned key,
 * or wss): elsewhere `connect` rejects with `ERR_WEAK_SECRET`.
 */
export function sharedSecretCredential(secret: Uint8Array | string): Credential {
  const key = secretBytes(secret);
  const nonces = new WeakMap<Uint8Array, Uint8Array>();
  return {
    method: METHOD,
    prove: async (context: CredentialContext) => {
      if (key.length < STRONG_SECRET_BYTES && context.security !== "authenticated") {
        throw new NetworkError("ERR_WEAK_SECRET", "A secret under 16 bytes needs an authenticated connection");
      }
      const clientNonce = context.randomBytes(NONCE_BYTES);
      nonces.set(context.nonce, clientNonce);
      return concat(clientNonce, await prove(key, METHOD, "client", clientNonce, context));
    },
    confirm: async (reply, context) => {
      const clientNonce = nonces.get(context.nonce);
      return clientNonce !== undefined && checkProof(reply, key, METHOD, "server", clientNonce, context);
    },
  };
}
