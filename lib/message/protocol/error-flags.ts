/**
 * What a player has done wrong: bits of `INetworkPlayer.errorFlags`, with Mirage's names and numbers. Bits from 2^16 on
 * are the application's. Four flags are set by `INetworkPlayer.chargeError` only, and never by this library: they say
 * so.
 */
export enum ErrorFlags {
  /** Nothing. */
  None = 0,
  /** Never set by this library: in Mirage, a call failed on a null reference. */
  RpcNullException = 1 << 0,
  /** A handler of the message threw, which costs the player nothing. */
  RpcException = 1 << 1,
  /** A message could not be read. */
  Deserialization = 1 << 2,
  /** There is no such message, or no handler for it. */
  RpcSync = 1 << 3,
  /** More messages than the message's `rateLimit` allows, or more than 32 async handlers at a time. */
  RateLimit = 1 << 4,
  /** Never set by this library: in Mirage, a call on an object that the player has no authority over. */
  NoAuthority = 1 << 5,
  /** A message that needs an authenticated player. */
  Unauthenticated = 1 << 6,
  /** Never set by this library: for errors after which you do not want the player any more. */
  Critical = 1 << 7,
  /** Never set by this library: for what only a manipulated client does. */
  LikelyCheater = 1 << 8,
  /** A message of the library that was not expected at this moment. */
  InvalidState = 1 << 9,
  /** A length over the limit of its codec. */
  SerializationLimit = 1 << 10,
}

/** What each error costs, in tokens of the player's error budget. docs/message.md has the table. */
export const errorCosts = {
  deserialization: 50,
  serializationLimit: 100,
  noHandler: 20,
  unknownMessage: 60,
  tooManyInFlight: 10,
  rateLimit: 10,
  invalidState: 10,
} as const;

/** How many errors a player may make: each one takes tokens, and time brings new ones. */
export interface ErrorBudget {
  /** How many tokens a player has at most, and at first, 0 or more. @defaultValue 200 tokens */
  maxTokens: number;
  /** How many tokens come back in each second, 0 or more, up to `maxTokens`. @defaultValue 50 tokens per second */
  refillPerSecond: number;
}

export const defaultErrorBudget: ErrorBudget = { maxTokens: 200, refillPerSecond: 50 };
