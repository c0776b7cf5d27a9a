import { invalidType, rangeError, typeError } from "../../arguments.js";
import type { INetworkPlayer } from "../../message/index.js";
import {
  booleanOption,
  checkOptions,
  functionOption,
  integerOption,
  numberOption,
  type OptionRule,
  type OptionRules,
  oneOf,
} from "../../options.js";
import { inField } from "../../serialization/errors.js";
import type { Codec } from "../../serialization/index.js";
import type { Interpolation } from "./interpolation.js";

/**
 * Which of the players that see an object get a member: all, its owner, all but its owner, or those for whom a function
 * says `true`. It is asked when the object appears to the player, when that gets or loses it, and after `rescope`.
 */
export type Audience = "observers" | "owner" | "others" | ((player: INetworkPlayer, behaviour: never) => boolean);

/** How a variable travels. */
export interface SyncOptions<T> {
  /**
   * `ordered`: reliably, in order with the object's calls. `latest`: the last value written wins, and a lost packet
   * delays nothing. @defaultValue `ordered`
   */
  delivery?: "ordered" | "latest";
  /** Who may set it. @defaultValue `server` */
  from?: "server" | "owner" | "both";
  /**
   * Which of the players that see the object get it. `observers` includes the owner. Whoever does not get it has what
   * the object begins with. @defaultValue `observers`
   */
  to?: Audience;
  /** It is sent in each so many ticks: 1 to 255. Objects take turns. @defaultValue 1 */
  every?: number;
  /** It travels when the object appears, and never again. @defaultValue false */
  initialOnly?: boolean;
  /** An object that is changed in place and reported by `markChanged`. @defaultValue false */
  mutable?: boolean;
  /**
   * `shown` and `rewind` have values between two that came: `linear`, or what `interpolation` makes of a function. It
   * is for numbers, and for vectors, quaternions and structs of them, with `latest`. @defaultValue none
   */
  interpolate?: Interpolation<T>;
  /**
   * A value that is farther from the one before than this, in the unit of the value, has none between. It needs
   * `latest`.
   *
   * @defaultValue `Infinity`
   */
  snap?: number;
  /**
   * Whether the server takes this value of the owner. It needs `from` `owner` or `both`.
   *
   * @defaultValue all are taken
   */
  validate?(value: T, player: INetworkPlayer): boolean;
  /** Whether the other side may lack it (an older or newer program): it plays on without. @defaultValue false */
  optional?: boolean;
}

const audience: OptionRule = (name, value) => {
  if (typeof value === "function" || value === "observers" || value === "owner" || value === "others") return;
  throw rangeError(name, '"observers", "owner", "others" or a function');
};

const interpolationOption: OptionRule = (name, value) => {
  if (typeof (value as Partial<Interpolation<unknown>> | null)?.shownTime === "function") return;
  throw typeError(name, 'linear or interpolation((from, to, part) => …): import it from "valve-sockets/object"');
};

const rules: OptionRules<SyncOptions<unknown>> = {
  delivery: oneOf("ordered", "latest"),
  from: oneOf("server", "owner", "both"),
  to: audience,
  every: integerOption(1, 255),
  initialOnly: booleanOption,
  mutable: booleanOption,
  interpolate: interpolationOption,
  snap: numberOption(0, Number.MAX_VALUE),
  validate: functionOption,
  optional: booleanOption,
};

/** Why these options contradict each other or do not fit the codec; `undefined` if they do. */
function contradiction(
  options: SyncOptions<unknown>,
  codec: Codec<unknown>,
  isLive: boolean,
  isNumeric: boolean,
): string | undefined {
  const {
    delivery = "ordered",
    from = "server",
    to = "observers",
    every = 1,
    initialOnly,
    mutable,
    interpolate,
    snap,
    validate,
  } = options;
  if (codec.borrowed) return "its values lie in the message: use bytes in place of bytesView";
  if (from === "owner" && to === "owner") return "what the owner sets goes to others, so to: owner says nothing";
  if (validate && from === "server") return "validate judges what an owner sets, and from is server";
  if (initialOnly && delivery === "latest") return "initialOnly travels once, so it cannot be latest";
  if (initialOnly && every > 1) return "initialOnly travels once, so it has no every";
  if (initialOnly && from !== "server") return "initialOnly comes with the spawn, which the server sends";
  if (delivery === "latest" && codec.maxBits === undefined) return "a latest value needs a codec with a largest size";
  if (mutable && (isLive || typeof codec.default() !== "object"))
    return "mutable is for arrays, maps, sets and objects";
  if ((interpolate || snap !== undefined) && delivery !== "latest") {
    return "interpolate and snap are for members with delivery: latest";
  }
  if (interpolate && !isNumeric) return "only numbers are interpolated, and vectors, quaternions and structs of them";
  if (snap !== undefined && !isNumeric) return "snap is a distance between numbers";
  return undefined;
}

/** Those of collections and references. */
const heldRules: OptionRules<Pick<SyncOptions<unknown>, "from" | "to" | "every" | "validate" | "optional">> = {
  from: rules.from,
  to: rules.to,
  every: rules.every,
  validate: rules.validate,
  optional: rules.optional,
};

/** @throws TypeError, RangeError that name the member */
export function checkSyncOptions(
  place: string,
  kind: "variable" | "collection" | "reference",
  options: SyncOptions<unknown>,
  codec: Codec<unknown>,
  isLive: boolean,
  isNumeric: boolean,
): void {
  try {
    if (kind === "variable") checkOptions("the member", options, rules);
    else checkOptions<object>(`a ${kind}`, options, heldRules as OptionRules<object>);
  } catch (error) {
    throw inField(error, place);
  }
  const reason = contradiction(options, codec, isLive, isNumeric);
  if (reason !== undefined) throw invalidType(`${place}: ${reason}`);
}
