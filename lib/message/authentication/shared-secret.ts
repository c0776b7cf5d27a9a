import { outOfRange, typeError } from "../../arguments.js";
import { isUint8Array } from "../../brands.js";
import { concatBytes } from "../../bytes.js";
import { NetworkError } from "../../network-error.js";
import type { Authenticator, Credential, CredentialContext } from "./authenticator.js";
import { checkProof, NONCE_BYTES, prove, splitProof } from "./proof.js";

const METHOD = "shared-secret";
/** A shorter secret can be guessed from a proof. */
const STRONG_SECRET_BYTES = 16;

const secretBytes = (secret: Uint8Array | string) => {
  if (typeof secret !== "string" && !isUint8Array(secret)) throw typeError("secret", "a string or a Uint8Array");
  const bytes = typeof secret === "string" ? new TextEncoder().encode(secret) : secret.slice();
  if (bytes.length === 0) throw outOfRange("A shared secret is not empty");
  return bytes;
};

/**
 * Server: admits everybody who knows the secret. The server proves in return that it knows the secret too.
 *
 * @throws RangeError for an empty secret
 */
export function sharedSecretAuthenticator(secret: Uint8Array | string): Authenticator {
  const key = secretBytes(secret);
  return {
    method: METHOD,
    authenticate: async (payload, attempt) => {
      const parts = splitProof(payload);
      if (!parts || !(await checkProof(parts.proof, key, METHOD, "client", parts.clientNonce, attempt))) {
        return { refused: "The shared secret is wrong" };
      }
      return { reply: await prove(key, METHOD, "server", parts.clientNonce, attempt) };
    },
  };
}

/**
 * Client: proves that it knows the secret without sending it, and has the server prove the same.
 *
 * A secret under 16 bytes can be guessed from a proof, so it is used with an authenticated server only (a pinned key,
 * or wss). With any other server `connect` rejects with `ERR_WEAK_SECRET`.
 *
 * @throws RangeError for an empty secret
 */
export function sharedSecretCredential(secret: Uint8Array | string): Credential {
  const key = secretBytes(secret);
  const nonces = new WeakMap<Uint8Array, Uint8Array>();
  return {
    method: METHOD,
    prove: async (context: CredentialContext) => {
      if (key.length < STRONG_SECRET_BYTES && context.security !== "authenticated") {
        const text =
          `${context.server} is not authenticated, which a secret under 16 bytes needs: take a longer one, or give ` +
          "the client the server's key (`peer.encryption`, or wss)";
        throw new NetworkError("ERR_WEAK_SECRET", text);
      }
      const clientNonce = context.randomBytes(NONCE_BYTES);
      nonces.set(context.nonce, clientNonce);
      return concatBytes([clientNonce, await prove(key, METHOD, "client", clientNonce, context)]);
    },
    confirm: async (reply, context) => {
      const clientNonce = nonces.get(context.nonce);
      return clientNonce !== undefined && checkProof(reply, key, METHOD, "server", clientNonce, context);
    },
  };
}
