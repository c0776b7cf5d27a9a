/** What a player has done wrong, as bits of `INetworkPlayer.errorFlags` (Mirage's). From 2^16 on they are yours. */
export enum ErrorFlags {
  None = 0,
  RpcNullException = 1 << 0,
  /** A handler threw. */
  RpcException = 1 << 1,
  /** A message could not be read. */
  Deserialization = 1 << 2,
  /** A message that nobody knows or handles. */
  RpcSync = 1 << 3,
  RateLimit = 1 << 4,
  NoAuthority = 1 << 5,
  Unauthenticated = 1 << 6,
  Critical = 1 << 7,
  LikelyCheater = 1 << 8,
  /** A message that has no place at this moment. */
  InvalidState = 1 << 9,
  /** A value over a limit of its codec. */
  SerializationLimit = 1 << 10,
}

/** What each mistake costs of a player's error budget. docs/message.md has the table. */
export const errorCosts = {
  deserialization: 50,
  serializationLimit: 100,
  handlerThrew: 10,
  noHandler: 20,
  unknownMessage: 60,
  tooManyInFlight: 10,
  rateLimit: 10,
  invalidState: 10,
} as const;

/** How many mistakes a player may make. */
export interface ErrorBudget {
  /** Default 200. */
  maxTokens: number;
  /** Default 50. */
  refillPerSecond: number;
}

export const defaultErrorBudget: ErrorBudget = { maxTokens: 200, refillPerSecond: 50 };
