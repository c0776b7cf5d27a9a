import type { RandomBytes } from "../../random.js";
import { type Codec, decode, encode } from "../../serialization/index.js";
import type { Security } from "../../socket/index.js";
import type { INetworkPlayer } from "../players/player.js";

/** What a proof is bound to: the same values at both ends of one connection, and others everywhere else. */
export interface AuthenticationContext {
  /** 32 bytes that the server made for this attempt. */
  readonly nonce: Uint8Array;
  /**
   * 32 bytes that only this connection has (Noise's handshake hash), so that a proof over them is worth nothing
   * elsewhere; null on WebSocket and without Noise.
   */
  readonly channelBinding: Uint8Array | null;
  /** How the connection is protected. */
  readonly security: Security;
}

/** What an authenticator gets beside the proof. */
export interface AuthenticationAttempt extends AuthenticationContext {
  /** Who wants to be admitted; it is not authenticated yet. */
  readonly player: INetworkPlayer;
  /** Aborts after `AuthenticationOptions.timeoutMs`, and when the player has left. */
  readonly signal: AbortSignal;
}

/** What an authenticator has found out. */
export type AuthenticationResult =
  | {
      /** Who the player is; it becomes `player.authentication.data`. */
      readonly data?: unknown;
      /** The server's own proof, for the client's credential; at most 4096 bytes. @defaultValue empty */
      readonly reply?: Uint8Array;
    }
  | {
      /** Why the player is refused. The client gets up to 120 bytes of UTF-8 of it. */
      readonly refused: string;
    };

/** Server: checks one kind of proof. */
export interface Authenticator {
  /** Names the kind of proof; the client's credential has the same. At most 64 bytes of UTF-8. */
  readonly method: string;
  /** Checks a proof, which can be any bytes. What this throws is reported, and the player is refused. */
  authenticate(
    payload: Uint8Array,
    attempt: AuthenticationAttempt,
  ): AuthenticationResult | Promise<AuthenticationResult>;
}

/** What a credential proves over. */
export interface CredentialContext extends AuthenticationContext {
  /** The client's source of random bytes, for nonces. */
  readonly randomBytes: RandomBytes;
  /** The server's name, for errors: `The server 127.0.0.1:7777 (UDP)`. */
  readonly server: string;
}

/** Client: proves who the player is. The same object can be used for many connections, one after the other. */
export interface Credential {
  /** That of the server's authenticator. */
  readonly method: string;
  /** Makes the proof, at most 4096 bytes. What this throws ends the attempt: `connect` rejects with it. */
  prove(context: CredentialContext): Uint8Array | Promise<Uint8Array>;
  /** Checks the server's own proof. False ends the attempt: `connect` rejects with `ERR_AUTHENTICATION_FAILED`. */
  confirm?(reply: Uint8Array, context: CredentialContext): boolean | Promise<boolean>;
}

/**
 * Defines an authenticator of your own. A proof that the codec cannot read is refused.
 *
 * @param method names the kind of proof, at most 64 bytes of UTF-8
 * @param check as `Authenticator.authenticate`
 */
export function defineAuthenticator<T>(
  method: string,
  codec: Codec<T>,
  check: (value: T, attempt: AuthenticationAttempt) => AuthenticationResult | Promise<AuthenticationResult>,
): Authenticator {
  return {
    method,
    authenticate: (payload, attempt) => {
      let value: T;
      try {
        value = decode(codec, payload);
      } catch {
        return { refused: "The proof cannot be read" };
      }
      return check(value, attempt);
    },
  };
}

/**
 * Defines the credential for {@link defineAuthenticator}.
 *
 * @param value what `check` gets; or a function that makes it for each connection anew, such as a token that expires.
 *   `connect` rejects with what the function throws
 */
export function defineCredential<T>(
  method: string,
  codec: Codec<T>,
  value: T | ((context: CredentialContext) => T | Promise<T>),
): Credential {
  const make = typeof value === "function" ? (value as (context: CredentialContext) => T | Promise<T>) : () => value;
  return { method, prove: async (context) => encode(codec, await make(context)) };
}
