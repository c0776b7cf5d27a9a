import { NetworkError } from "../../network-error.js";
import type { MemberValues } from "../behaviour/member-values.js";
import type { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import type { Instance } from "../behaviour/prefab.js";
import type { Factories } from "../world/factories.js";
import type { AbsentOwners } from "./absent-owners.js";
import type { ObjectServer } from "./object-server.js";
import type { SavedObject } from "./saved-world.js";

/** Where a world is loaded. */
interface LoadTarget {
  readonly core: ObjectServer;
  readonly factories: Factories;
  /** The names of static objects that are in use. */
  readonly statics: Set<string>;
  readonly absent: AbsentOwners;
}

/** @throws before anything has changed */
export function loadWorld(
  saved: readonly SavedObject[],
  statics: Readonly<Record<string, Readonly<Record<string, NetworkBehaviour>>>>,
  { core, factories, statics: names, absent }: LoadTarget,
): void {
  for (const { netId, staticName } of saved) {
    if (core.byNetId.has(netId))
      throw new NetworkError("ERR_STATE", `There is an object ${netId} in the world already`);
    if (staticName !== null && names.has(staticName)) {
      throw new NetworkError("ERR_STATE", `There is a static object ${staticName} in the world already`);
    }
  }
  const made: Instance[] = [];
  try {
    for (const { layout, staticName } of saved) {
      if (staticName === null) made.push(factories.make(layout));
      else made.push(layout.prefab.bind((Object.hasOwn(statics, staticName) ? statics[staticName] : null) as never));
    }
  } catch (error) {
    for (const [index, instance] of made.entries()) {
      const { layout, staticName } = saved[index] as SavedObject;
      factories.release(layout, instance, staticName !== null);
    }
    throw error;
  }
  for (const [index, one] of saved.entries()) {
    const { isCharacter, layout, netId, ownerKey, staticName, values } = one;
    if (staticName !== null) names.add(staticName);
    const instance = made[index] as Instance;
    const init = (object: { values: readonly MemberValues[] }) => {
      for (const [part, { allMask }] of layout.definitions.entries()) {
        object.values[part]?.copyFrom(values[part] as MemberValues, allMask);
      }
    };
    const object = core.spawn(layout, null, init, { instance, staticName, netId });
    if (ownerKey !== null && object.isSpawned) absent.add(ownerKey, object, isCharacter);
  }
}
