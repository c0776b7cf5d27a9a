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
export type { AuthenticationOptions } from "./server-authentication.js";
export type { SessionOptions } from "./session-table.js";
export { sharedSecretAuthenticator, sharedSecretCredential } from "./shared-secret.js";
export {
  generateTokenKeys,
  issueToken,
  type SignedTokenOptions,
  type SigningKey,
  signedTokenAuthenticator,
  signedTokenCredential,
  type TokenClaims,
} from "./signed-token.js";
