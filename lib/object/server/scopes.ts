import type { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import type { ObjectAudience } from "../wire/object-audience.js";
import type { Masks, ObjectLayout } from "../wire/object-layout.js";
import type { ObjectPlayer } from "./object-player.js";
import type { ServerObject } from "./server-object.js";

type Scope = (player: ObjectPlayer["player"], behaviour: NetworkBehaviour) => boolean;

const NOTHING: Masks = [];

/** Which members of an object the player gets. @param layout how it travels to the player */
export function audienceOf(
  object: ServerObject,
  player: ObjectPlayer,
  layout: ObjectLayout,
  report: (error: unknown) => void,
): ObjectAudience {
  const { audiences } = layout;
  if (player.isWatcher) return player.seesAll ? audiences.all : audiences.others;
  return audiences.of(object.owner === player.player, grantedMembers(object, player, layout, report));
}

/**
 * Asks the functions in `to` of an object's members about a player. What one throws is reported, and grants nothing.
 *
 * @param layout how it travels to the player
 * @param known what was granted before; without `asked`, all functions are asked
 * @returns of each behaviour the granted members; the owner gets those that it may set
 */
export function grantedMembers(
  object: ServerObject,
  { player }: ObjectPlayer,
  layout: ObjectLayout,
  report: (error: unknown) => void,
  known: Masks = NOTHING,
  asked: Masks | null = null,
): Masks {
  const { parts, owner } = object;
  if (!layout.hasScopes) return layout.audiences.others.granted;
  return layout.definitions.map(({ members, fromOwnerMask }, index) => {
    const scoped = layout.scoped[index] as number;
    const now = asked ? scoped & (asked[index] as number) : scoped;
    const own = owner === player ? scoped & fromOwnerMask : 0;
    let granted = own | ((known[index] ?? 0) & ~now);
    for (const { bit, options } of members) {
      if ((now & ~own & bit) === 0) continue;
      try {
        if ((options.to as Scope)(player, parts[index] as NetworkBehaviour) === true) granted |= bit;
      } catch (error) {
        report(error);
      }
    }
    return granted;
  });
}
