import type { RandomBytes } from "../../random.js";
import { type Codec, decode, encode } from "../../serialization/index.js";
import type { Security } from "../../socket/index.js";
import type { INetworkPlayer } from "../players/player.js";

/** What a proof is about: the same at both ends of one connection, and at no other. */
export interface AuthenticationContext {
  /** 32 bytes that the server made for this attempt. */
  readonly nonce: Uint8Array;
  /** What only this connection has; null on WebSocket and without Noise. A proof over it is worthless elsewhere. */
  readonly channelBinding: Uint8Array | null;
  readonly security: Security;
}

export interface AuthenticationAttempt extends AuthenticationContext {
  readonly player: INetworkPlayer;
  /** Aborts when it has taken too long, and when the player has left. */
  readonly signal: AbortSignal;
}

/** What an authenticator found. */
export type AuthenticationResult =
  | {
      /** Who it is; `player.authentication.data`. */
      readonly data?: unknown;
      /** For the client's credential, up to 4096 bytes: the server's own proof. */
      readonly reply?: Uint8Array;
    }
  | {
      /** Why not; the client reads up to 120 bytes of it. */
      readonly refused: string;
    };

/** Server: checks one kind of proof. It sees nothing but that, and nothing else sees it. */
export interface Authenticator {
  /** Both sides know the kind of proof by it; at most 64 bytes. */
  readonly method: string;
  /** `payload` comes from an unidentified player. What is thrown refuses the player, and is reported. */
  authenticate(
    payload: Uint8Array,
    attempt: AuthenticationAttempt,
  ): AuthenticationResult | Promise<AuthenticationResult>;
}

export interface CredentialContext extends AuthenticationContext {
  readonly randomBytes: RandomBytes;
}

/** Client: proves who the player is. One object serves one connection after the other. */
export interface Credential {
  readonly method: string;
  /** At most 4096 bytes. What is thrown ends `connect`. */
  prove(context: CredentialContext): Uint8Array | Promise<Uint8Array>;
  /** Checks the server's reply; false ends the connection. */
  confirm?(reply: Uint8Array, context: CredentialContext): boolean | Promise<boolean>;
}

/** An authenticator of your own, with any codec. What cannot be read is refused. */
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

/** The client's side of {@link defineAuthenticator}. */
export function defineCredential<T>(method: string, codec: Codec<T>, value: T): Credential {
  return { method, prove: () => encode(codec, value) };
}
