export {
  type AuthenticationAttempt,
  type AuthenticationContext,
  type AuthenticationResult,
  type Authenticator,
  type Credential,
  type CredentialContext,
  defineAuthenticator,
  defineCredential,
} from "./authenticator.js";
export type { SigningKey } from "./proof.js";
export type { AuthenticationOptions } from "./server-authentication.js";
export type { Arrival, SessionStore, StoredSession } from "./session-store.js";
export type { SessionOptions } from "./session-table.js";
export { sharedSecretAuthenticator, sharedSecretCredential } from "./shared-secret.js";
export {
  generateTokenKeys,
  issueToken,
  type SignedTokenOptions,
  signedTokenAuthenticator,
  signedTokenCredential,
  type TokenClaims,
} from "./signed-token.js";
