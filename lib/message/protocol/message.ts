import { invalidType, outOfRange, rangeError } from "../../arguments.js";
import {
  booleanOption,
  checkOptions,
  integerOption,
  numberOption,
  type OptionRule,
  type OptionRules,
  objectOption,
  required,
} from "../../options.js";
import { Channel } from "../../peer/index.js";
import type { Codec } from "../../serialization/index.js";
import { utf8Length } from "../../utf8.js";
import { errorCosts } from "./error-flags.js";

/** How often a player may send a message to a server. */
export interface RateLimit {
  /** How many messages per second on average; above 0. */
  perSecond: number;
  /** How many messages at once, 1 or more. @defaultValue as many as `perSecond`, at least 1 */
  burst?: number;
  /** What each message above the limit costs the player, 0 or more. @defaultValue 10 tokens of its error budget */
  cost?: number;
}

/** The options of a message. */
export interface MessageOptions {
  /**
   * Whether the other side may lack the message (an older or newer program). Sending it there throws
   * `ERR_MESSAGE_NOT_AGREED`.
   *
   * @defaultValue `false`
   */
  optional?: boolean;
  /**
   * How it is sent where `send` does not say: `Channel.Reliable`, `Unreliable` or `Sequenced`.
   *
   * @defaultValue `Channel.Reliable`
   */
  channel?: Channel;
  /** The lane where `send` does not say, 0 to 3. @defaultValue 0 */
  lane?: number;
  /**
   * When it could not leave within this time, 0 or more, it is dropped and counted in
   * `connection.metrics.messagesExpired`. Not for what is sent on `Channel.Reliable`.
   *
   * @defaultValue `Infinity` ms
   */
  maxAgeMs?: number;
  /** A server drops what a player sends above this limit. @defaultValue none */
  rateLimit?: RateLimit;
}

const RATE_LIMIT: OptionRules<RateLimit> = {
  perSecond: required(numberOption(Number.MIN_VALUE, Number.MAX_VALUE)),
  burst: numberOption(1, Number.MAX_VALUE),
  cost: numberOption(0, Number.MAX_VALUE),
};
const CHANNELS: readonly unknown[] = [Channel.Reliable, Channel.Unreliable, Channel.Sequenced];
const channelOption: OptionRule = (name, value) => {
  if (!CHANNELS.includes(value)) throw rangeError(name, "Channel.Reliable, Channel.Unreliable or Channel.Sequenced");
};
/** The rules of the options that say how a message is sent. */
export const sendingRules: OptionRules<Pick<MessageOptions, "channel" | "lane" | "maxAgeMs">> = {
  channel: channelOption,
  lane: integerOption(0, 3),
  maxAgeMs: numberOption(0, Number.POSITIVE_INFINITY),
};
const MESSAGE_OPTIONS: OptionRules<MessageOptions> = {
  ...sendingRules,
  optional: booleanOption,
  rateLimit: objectOption(),
};

/** A kind of message: its name, and the codec of its content. Made by {@link defineMessage}. */
export interface MessageDefinition<T> {
  /** Unique within a protocol: 1 to 64 bytes of UTF-8. */
  readonly name: string;
  /** Writes and reads the content. */
  readonly codec: Codec<T>;
  /** Whether the other side may lack the message. */
  readonly optional: boolean;
  /** How it is sent where `send` does not say. */
  readonly channel: Channel;
  /** The lane where `send` does not say: 0 (most urgent) to 3. */
  readonly lane: number;
  /** The age at which it is dropped where `send` does not say, in milliseconds; `Infinity`: never. */
  readonly maxAgeMs: number;
  /** What a server drops above, with its defaults filled in; null: no limit. */
  readonly rateLimit: Required<RateLimit> | null;
  /**
   * @internal The layouts of what the codec's layout consists of, by name: where it differs between two sides, the
   * error names the first that does.
   */
  readonly parts?: ReadonlyMap<string, string>;
}

/** The names of the library's own messages begin with this. */
export const RESERVED_PREFIX = "network/";
const MAX_NAME_BYTES = 64;

/**
 * Defines a message, to be listed in a `Protocol`. The same message may be in several protocols.
 *
 * @param name unique within the protocol, 1 to 64 bytes of UTF-8, not starting with `network/`
 * @throws TypeError, RangeError for a wrong argument
 */
export function defineMessage<T>(name: string, codec: Codec<T>, options: MessageOptions = {}): MessageDefinition<T> {
  if (typeof name !== "string") throw invalidType(`A message's name is a string, not ${typeof name}`);
  if (name.startsWith(RESERVED_PREFIX)) throw outOfRange(`Names that begin with ${RESERVED_PREFIX} are reserved`);
  return createMessage(name, codec, options);
}

/** What is probably meant where a value is given in place of a codec. */
export function codecAdvice(value: unknown): string {
  if (typeof value === "function") return ": call the function that makes it, as in string(100)";
  const areFields = typeof value === "object" && value !== null;
  return areFields ? ": make one of its fields with struct({ … })" : ", such as struct({ text: string(100) })";
}

/** As {@link defineMessage}, also for names that are reserved. */
export function createMessage<T>(name: string, codec: Codec<T>, options: MessageOptions = {}): MessageDefinition<T> {
  const nameBytes = utf8Length(name);
  if (nameBytes < 1 || nameBytes > MAX_NAME_BYTES) {
    throw outOfRange(`A message's name has 1 to ${MAX_NAME_BYTES} bytes of UTF-8, not ${nameBytes}`);
  }
  if (typeof codec?.read !== "function") throw invalidType(`Message ${name} needs a codec${codecAdvice(codec)}`);
  checkOptions("defineMessage", options, MESSAGE_OPTIONS);
  const { optional = false, channel = Channel.Reliable, lane = 0, maxAgeMs = Number.POSITIVE_INFINITY } = options;
  const { rateLimit } = options;
  return Object.freeze({
    name,
    codec,
    optional,
    channel,
    lane,
    maxAgeMs,
    rateLimit: rateLimit ? completeRateLimit(rateLimit) : null,
  });
}

/** The age at which `message` is dropped, if `send` does not say it. A reliable message has none. */
export function maxAgeOf(message: MessageDefinition<unknown>, channel: Channel): number | undefined {
  return channel === Channel.Reliable ? undefined : message?.maxAgeMs;
}

/** A rate limit with its defaults. @throws TypeError, RangeError for wrong values */
export function completeRateLimit(rateLimit: RateLimit) {
  checkOptions("rateLimit", rateLimit, RATE_LIMIT);
  const { perSecond, burst = Math.max(perSecond, 1), cost = errorCosts.rateLimit } = rateLimit;
  return { perSecond, burst, cost };
}
