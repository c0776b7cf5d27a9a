import { checkBytes } from "../../arguments.js";
import { concatBytes } from "../../bytes.js";
import { unixTimeMs } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import { arrayOption, booleanOption, checkOptions, functionOption, type OptionRules, required } from "../../options.js";
import { bytes, type Codec, decode, encode, optional, string, struct, u53 } from "../../serialization/index.js";
import type { Authenticator, Credential } from "./authenticator.js";
import { NONCE_BYTES, type SigningKey, transcript, webCrypto } from "./proof.js";

const METHOD = "signed-token";
const SIGNATURE_BYTES = 64;
const ED25519 = { name: "Ed25519" };

/** What a token says, signed by its issuer. */
export interface TokenClaims {
  /** Who the player is, at most 256 bytes of UTF-8. */
  subject: string;
  /** When the token expires, in milliseconds since 1970. */
  expiresMs: number;
  /** The client's Ed25519 key, 32 bytes. Without a key the token is a bearer token: anyone who has it can use it. */
  publicKey?: Uint8Array | undefined;
  /** Whatever the issuer wants to add, at most 1024 bytes. */
  data: Uint8Array;
}

const claimsCodec: Codec<TokenClaims> = struct({
  subject: string(256),
  expiresMs: u53,
  publicKey: optional(bytes(32)),
  data: bytes(1024),
});

/** The token, and the signature by the client's key: empty for a bearer token. */
const payloadCodec = struct({ token: bytes(2048), clientNonce: bytes(NONCE_BYTES), signature: bytes(SIGNATURE_BYTES) });

const sign = async (key: SigningKey, data: Uint8Array) => new Uint8Array(await webCrypto().sign(ED25519, key, data));

const verify = (key: SigningKey, signature: Uint8Array, data: Uint8Array) =>
  webCrypto().verify(ED25519, key, signature, data);

const importPublicKey = (key: Uint8Array) => webCrypto().importKey("raw", key, ED25519, true, ["verify"]);

/**
 * Makes a pair of Ed25519 keys, for an issuer or a client.
 *
 * @throws (rejects) NetworkError `ERR_INSECURE_CONTEXT` in a browser, on a page that is neither from https nor
 *   localhost
 */
export async function generateTokenKeys(): Promise<{ privateKey: SigningKey; publicKey: Uint8Array }> {
  const { privateKey, publicKey } = await webCrypto().generateKey(ED25519, true, ["sign", "verify"]);
  return { privateKey, publicKey: new Uint8Array(await webCrypto().exportKey("raw", publicKey)) };
}

/**
 * Issuer, such as a login service: signs the claims about a player.
 *
 * @throws (rejects) TypeError, RangeError for claims out of range; NetworkError `ERR_INSECURE_CONTEXT`
 */
export async function issueToken(issuerKey: SigningKey, claims: TokenClaims): Promise<Uint8Array> {
  const body = encode(claimsCodec, claims);
  return concatBytes([body, await sign(issuerKey, body)]);
}

/** Which tokens a server accepts. */
export interface SignedTokenOptions {
  /** The public keys of the accepted issuers, 32 bytes each; two of one issuer while it changes its key. */
  issuerKeys: readonly Uint8Array[];
  /**
   * Whether bearer tokens (without a client's key) are accepted over a connection whose `security` is not
   * `authenticated`, where an active man in the middle can read and use them. A server behind wss needs it: there the
   * server cannot know whether the client has checked the certificate.
   *
   * @defaultValue `false`
   */
  allowUnboundToken?: boolean;
  /** The time that tokens expire by, in milliseconds since 1970. @defaultValue `Date.now` */
  now?: () => number;
}

const SIGNED_TOKEN_OPTIONS: OptionRules<SignedTokenOptions> = {
  issuerKeys: required(arrayOption),
  allowUnboundToken: booleanOption,
  now: functionOption,
};

/**
 * Server: admits players with a token of an accepted issuer; `authentication.data` is its {@link TokenClaims}.
 *
 * @throws TypeError, RangeError for a wrong option
 */
export function signedTokenAuthenticator(options: SignedTokenOptions): Authenticator {
  checkOptions("signedTokenAuthenticator", options, SIGNED_TOKEN_OPTIONS);
  const { issuerKeys, allowUnboundToken = false, now = unixTimeMs } = options;
  arrayOption("issuerKeys", issuerKeys);
  return {
    method: METHOD,
    authenticate: async (payload, attempt) => {
      const proof = tryDecode(payloadCodec, payload);
      if (!proof || proof.token.length <= SIGNATURE_BYTES) return { refused: "The token cannot be read" };
      const body = proof.token.subarray(0, -SIGNATURE_BYTES);
      const signature = proof.token.subarray(-SIGNATURE_BYTES);
      let isSigned = false;
      for (const key of issuerKeys) isSigned ||= await verify(await importPublicKey(key), signature, body);
      const claims = isSigned ? tryDecode(claimsCodec, body) : null;
      if (!claims) return { refused: "The token is not from an accepted issuer" };
      if (claims.expiresMs <= now()) return { refused: "The token has expired" };
      if (!claims.publicKey) {
        if (allowUnboundToken || attempt.security === "authenticated") return { data: claims };
        return { refused: "A token without a key needs an authenticated connection" };
      }
      const proven = transcript(METHOD, "client", proof.clientNonce, attempt);
      if (await verify(await importPublicKey(claims.publicKey), proof.signature, proven)) return { data: claims };
      return { refused: "The token belongs to another key" };
    },
  };
}

/**
 * Client: sends its token, and signs with the key that the token names.
 *
 * A token without a key is a bearer token: anyone who reads it can use it. It is sent to an authenticated server only
 * (a pinned key, or wss), unless `allowUnboundToken` is true; with any other server `connect` rejects with
 * `ERR_UNBOUND_TOKEN`.
 *
 * @param privateKey the key whose public half the token names; null for a bearer token
 */
export function signedTokenCredential(
  token: Uint8Array,
  privateKey: SigningKey | null = null,
  options: Pick<SignedTokenOptions, "allowUnboundToken"> = {},
): Credential {
  checkBytes("token", token);
  checkOptions("signedTokenCredential", options, { allowUnboundToken: booleanOption });
  const { allowUnboundToken = false } = options;
  return {
    method: METHOD,
    prove: async (context) => {
      // The server cannot tell who has read the token on its way: a man in the middle knows the server's key as well.
      if (!privateKey && !allowUnboundToken && context.security !== "authenticated") {
        const text =
          `${context.server} is not authenticated, which a token without a key needs: give the client the server's ` +
          "key (`peer.encryption`, or wss), or have the token issued for a key of the client";
        throw new NetworkError("ERR_UNBOUND_TOKEN", text);
      }
      const clientNonce = context.randomBytes(NONCE_BYTES);
      const signature = privateKey
        ? await sign(privateKey, transcript(METHOD, "client", clientNonce, context))
        : new Uint8Array(0);
      return encode(payloadCodec, { token, clientNonce, signature });
    },
  };
}

function tryDecode<T>(codec: Codec<T>, payload: Uint8Array): T | null {
  try {
    return decode(codec, payload);
  } catch {
    return null;
  }
}
