import { invalidType } from "../../arguments.js";
import { booleanOption, checkOptions, functionOption, integerOption, type OptionRules, oneOf } from "../../options.js";
import { inField } from "../../serialization/errors.js";
import type { Codec } from "../../serialization/index.js";

/** How a variable travels. */
export interface SyncOptions<T> {
  /**
   * `ordered`: reliably, in order with the object's calls. `latest`: the last value written wins, and a lost packet
   * delays nothing. @defaultValue `ordered`
   */
  delivery?: "ordered" | "latest";
  /** Who may set it. @defaultValue `server` */
  from?: "server" | "owner" | "both";
  /** Which of the players that see the object get it. `observers` includes the owner. @defaultValue `observers` */
  to?: "observers" | "owner" | "others";
  /** It is sent in each so many ticks: 1 to 255. @defaultValue 1 */
  every?: number;
  /** It travels when the object appears, and never again. @defaultValue false */
  initialOnly?: boolean;
  /** An object that is changed in place and reported by `markChanged`. @defaultValue false */
  mutable?: boolean;
  /** Whether the server takes this value of the owner. It needs `from` `owner` or `both`. */
  validate?(value: T): boolean;
}

const rules: OptionRules<SyncOptions<unknown>> = {
  delivery: oneOf("ordered", "latest"),
  from: oneOf("server", "owner", "both"),
  to: oneOf("observers", "owner", "others"),
  every: integerOption(1, 255),
  initialOnly: booleanOption,
  mutable: booleanOption,
  validate: functionOption,
};

/** Why these options contradict each other or do not fit the codec; `undefined` if they do. */
function contradiction(options: SyncOptions<unknown>, codec: Codec<unknown>, isLive: boolean): string | undefined {
  const {
    delivery = "ordered",
    from = "server",
    to = "observers",
    every = 1,
    initialOnly,
    mutable,
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
  return undefined;
}

/** @throws TypeError, RangeError that name the member */
export function checkSyncOptions(
  place: string,
  options: SyncOptions<unknown>,
  codec: Codec<unknown>,
  isLive: boolean,
): void {
  try {
    checkOptions("the member", options, rules);
  } catch (error) {
    throw inField(error, place);
  }
  const reason = contradiction(options, codec, isLive);
  if (reason !== undefined) throw invalidType(`${place}: ${reason}`);
}
