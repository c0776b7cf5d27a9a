import type { Codec } from "../../serialization/index.js";
import { errorCosts } from "./error-flags.js";

/** How often one player may send a message. */
export interface RateLimit {
  /** On average. */
  perSecond: number;
  /** At once. Default: as many as `perSecond`, at least 1. */
  burst?: number;
  /** What each one too many costs of the player's error budget. Default 10. */
  cost?: number;
}

export interface MessageOptions {
  /** The other side may lack it (an older or newer program); sending it there throws `ERR_MESSAGE_NOT_AGREED`. */
  optional?: boolean;
  /** A server drops what a player sends above it. Default: none. */
  rateLimit?: RateLimit;
}

/** A kind of message: its name, and how its content is written. Made by {@link defineMessage}. */
export interface MessageDefinition<T> {
  readonly name: string;
  readonly codec: Codec<T>;
  readonly optional: boolean;
  readonly rateLimit: Required<RateLimit> | null;
}

/** The names of the library's own messages begin with it. */
export const RESERVED_PREFIX = "network/";
const MAX_NAME_BYTES = 64;

/**
 * Defines a message. It means something only within a `Protocol`, and may be in several of them.
 *
 * @param name unique within the protocol, 1 to 64 bytes of UTF-8, not starting with `network/`
 * @throws TypeError, RangeError for a wrong argument
 */
export function defineMessage<T>(name: string, codec: Codec<T>, options: MessageOptions = {}): MessageDefinition<T> {
  if (typeof name !== "string") throw new TypeError(`A message's name is a text, not ${typeof name}`);
  if (name.startsWith(RESERVED_PREFIX)) throw new RangeError(`Names that begin with ${RESERVED_PREFIX} are reserved`);
  return createMessage(name, codec, options);
}

/** @internal With any name. */
export function createMessage<T>(name: string, codec: Codec<T>, options: MessageOptions = {}): MessageDefinition<T> {
  const nameBytes = new TextEncoder().encode(name).length;
  if (nameBytes < 1 || nameBytes > MAX_NAME_BYTES) {
    throw new RangeError(`A message's name has 1 to ${MAX_NAME_BYTES} bytes of UTF-8, not ${nameBytes}`);
  }
  if (typeof codec?.read !== "function") throw new TypeError(`Message ${name} needs a codec`);
  const { optional = false, rateLimit } = options;
  return Object.freeze({ name, codec, optional, rateLimit: rateLimit ? completeRateLimit(rateLimit) : null });
}

function completeRateLimit({ perSecond, burst = Math.max(perSecond, 1), cost = errorCosts.rateLimit }: RateLimit) {
  if (!(perSecond > 0 && burst >= 1 && cost >= 0)) {
    throw new RangeError("A rate limit needs perSecond above 0, burst of 1 at least and no negative cost");
  }
  return { perSecond, burst, cost };
}
