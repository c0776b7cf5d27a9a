import { defineMessage, type INetworkPlayer, type MessageDefinition } from "../../message/index.js";
import type { NetworkPlayer } from "../../message/players/network-player.js";
import { defineCodec, layoutHashOf } from "../../serialization/index.js";
import { cutUtf8, utf8Length } from "../../utf8.js";
import type { Member } from "../behaviour/member.js";
import type { Prefab } from "../behaviour/prefab.js";
import type { RpcDefinition } from "../behaviour/rpc.js";

/** A member or an RPC of a behaviour, by the place of that. */
export interface BehaviourPart {
  readonly behaviour: number;
  readonly part: Member | RpcDefinition;
}

/** What one of two sides may lack: a prefab, or a part of one of its behaviours. */
export interface OptionalPart {
  readonly prefab: Prefab;
  /** Null: the prefab itself. */
  readonly of: BehaviourPart | null;
  /** Who has this message has the part. */
  readonly message: MessageDefinition<null>;
}

const MAX_NAME_BYTES = 64;
/** What is left of a longer name, before its hash. */
const CUT_BYTES = 52;

const compared = new Map<string, MessageDefinition<null>>();

/**
 * A message that is never sent: it has both sides compare a layout when they connect. The same one for the same layout.
 *
 * @param parts what the layout consists of, by name
 * @param others what else must be the same for two managers that share a protocol
 */
export function comparedMessage(
  name: string,
  layout: string,
  parts: ReadonlyMap<string, string>,
  optional: boolean,
  others = "",
): MessageDefinition<null> {
  const key = JSON.stringify([name, layout, others]);
  let message = compared.get(key);
  if (!message) {
    const codec = defineCodec<null>({ layout, minBits: 0, write: () => {}, read: () => null, default: () => null });
    message = { ...defineMessage(name, codec, { optional }), parts };
    compared.set(key, message);
  }
  return message;
}

/** Named after the part: a long name ends with its hash. */
function optionalMessage(path: string, layout: string, parts: ReadonlyMap<string, string>): MessageDefinition<null> {
  const name = `objects/?${path}`;
  const hash = layoutHashOf(name).toString(16).padStart(8, "0");
  const short = utf8Length(name) <= MAX_NAME_BYTES ? name : `${cutUtf8(name, CUT_BYTES)}…${hash}`;
  return comparedMessage(short, layout, parts, true);
}

/**
 * The optional parts of a prefab, itself first if it is one.
 *
 * @param layout of it without these
 * @param parts what that consists of, by name
 */
export function optionalParts(prefab: Prefab, layout: string, parts: ReadonlyMap<string, string>): OptionalPart[] {
  const found: OptionalPart[] = [];
  if (prefab.isOptional) found.push({ prefab, of: null, message: optionalMessage(prefab.name, layout, parts) });
  for (const [behaviour, definition] of prefab.definitions.entries()) {
    for (const part of definition.parts) {
      if (!part.isOptional) continue;
      const path = `${prefab.name}.${prefab.parts[behaviour]}.${part.name}`;
      const message = optionalMessage(path, part.layout, new Map([[path, part.layout]]));
      found.push({ prefab, of: { behaviour, part }, message });
    }
  }
  return found;
}

/** Whether the program on the other side of a player's connection has the part. */
export const hasPart = (player: INetworkPlayer, { message }: OptionalPart): boolean =>
  (player as NetworkPlayer).hasMessage(message);
