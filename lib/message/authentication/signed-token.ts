import { unixTimeMs } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import {
  bytes,
  type Codec,
  decode,
  encode,
  type Infer,
  optional,
  string,
  struct,
  u53,
} from "../../serialization/index.js";
import type { Authenticator, Credential } from "./authenticator.js";
import { concat, NONCE_BYTES, transcript, webCrypto } from "./proof.js";

const METHOD = "signed-token";
const SIGNATURE_BYTES = 64;
const algorithm = { name: "Ed25519" };

const claimsCodec = struct({
  subject: string(256),
  /** Milliseconds since 1970. */
  expiresMs: u53,
  /** The client's Ed25519 key; without one whoever has the token is its subject. */
  publicKey: optional(bytes(32)),
  /** The issuer's business. */
  data: bytes(1024),
});

/** What a token says, and its issuer has signed. */
export type TokenClaims = Infer<typeof claimsCodec>;

/** The token, and what proves that it is one's own: empty without a key. */
const payloadCodec = struct({ token: bytes(2048), clientNonce: bytes(NONCE_BYTES), signature: bytes(SIGNATURE_BYTES) });

/** A key of `crypto.subtle`, for Ed25519. */
export type SigningKey = Parameters<ReturnType<typeof webCrypto>["sign"]>[1];

const sign = async (key: SigningKey, data: Uint8Array) =>
  new Uint8Array(await webCrypto().sign(algorithm, key, data as Uint8Array<ArrayBuffer>));

const verify = (key: SigningKey, signature: Uint8Array, data: Uint8Array) =>
  webCrypto().verify(algorithm, key, signature as Uint8Array<ArrayBuffer>, data as Uint8Array<ArrayBuffer>);

const importPublicKey = (key: Uint8Array) =>
  webCrypto().importKey("raw", key as Uint8Array<ArrayBuffer>, algorithm, true, ["verify"]);

/** A pair of Ed25519 keys, for an issuer or a client. @throws NetworkError `ERR_INSECURE_CONTEXT` */
export async function generateTokenKeys(): Promise<{ privateKey: SigningKey; publicKey: Uint8Array }> {
  const pair = (await webCrypto().generateKey(algorithm, true, ["sign", "verify"])) as {
    privateKey: SigningKey;
    publicKey: SigningKey;
  };
  const publicKey = new Uint8Array((await webCrypto().exportKey("raw", pair.publicKey)) as ArrayBuffer);
  return { privateKey: pair.privateKey, publicKey };
}

/** Issuer, such as a login service: signs what it says about a player. */
export async function issueToken(issuerKey: SigningKey, claims: TokenClaims): Promise<Uint8Array> {
  const body = encode(claimsCodec, claims);
  return concat(body, await sign(issuerKey, body));
}

export interface SignedTokenOptions {
  /** Public keys of those whose tokens count, 32 bytes each; two during a change. */
  issuerKeys: readonly Uint8Array[];
  /**
   * Accept tokens without a client's key also where `security` is not `authenticated`: whoever sits in between can use them. On
   * a server behind wss it is needed, since nothing there tells whether the client has looked at the certificate.
   */
  allowUnboundToken?: boolean;
  /** Milliseconds since 1970, for the expiry. */
  now?: () => number;
}

/** Server: lets those in who have a token of a known issuer; `authentication.data` is its {@link TokenClaims}. */
export function signedTokenAuthenticator(options: SignedTokenOptions): Authenticator {
  const { issuerKeys, allowUnboundToken = false, now = unixTimeMs } = options;
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
      if (!claims) return { refused: "The token is not from a known issuer" };
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
 * Client: shows its token, and signs with the key that the token names. A token without a key is its bearer's, so it is shown to
 * an authenticated server only (a pinned key, or wss), unless `allowUnboundToken`: elsewhere `connect` rejects with
 * `ERR_UNBOUND_TOKEN`.
 */
export function signedTokenCredential(
  token: Uint8Array,
  privateKey: SigningKey | null = null,
  { allowUnboundToken = false } = {},
): Credential {
  return {
    method: METHOD,
    prove: async (context) => {
      // The server cannot tell whose ears it passed on the way: its own key is known to every thief as well.
      if (!privateKey && !allowUnboundToken && context.security !== "authenticated") {
        throw new NetworkError("ERR_UNBOUND_TOKEN", "A token without a key needs an authenticated connection");
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
