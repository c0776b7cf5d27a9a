import type { BehaviourDefinition } from "../behaviour/definition.js";
import type { MemberValues } from "../behaviour/member-values.js";
import type { ServerObject } from "./server-object.js";

/** What has changed of one object, by behaviour. */
export class SettledMembers {
  readonly ordered: number[] = [];
  readonly latest: number[] = [];
  /** The latest ones in the journal's mask. */
  latestPlaces = 0;
  /** What the server has set of what is its owner's to set, and nobody sends to the owner otherwise. */
  readonly owners: number[] = [];
  hasOwners = false;

  /**
   * Takes the changes of an object that are due in a tick; between ticks, with null, those of ordered members.
   *
   * @returns whether any are ordered
   */
  take(object: ServerObject, tick: number | null): boolean {
    const { layout } = object;
    const { ordered, latest, owners } = this;
    this.hasOwners = false;
    const { values } = object;
    if (ordered.length !== values.length) ordered.length = latest.length = owners.length = values.length;
    let hasOrdered = false;
    for (let index = 0; index < values.length; index++) {
      const definition = layout.definitions[index] as BehaviourDefinition;
      let mask = -1;
      if (tick === null) mask = ~definition.latestMask;
      else if (layout.hasEvery) mask = definition.dueMask(tick, object.netId);
      let sent = (values[index] as MemberValues).settle(mask);
      if (layout.isFromOwner) {
        const { held, setByOwner } = object;
        owners[index] =
          sent & (layout.fromOwnerOnly[index] as number) & ~definition.collectionMask & ~(setByOwner[index] as number);
        if (owners[index] !== 0) this.hasOwners = true;
        // What the server has set since, the owner needs.
        (setByOwner[index] as number) &= ~sent;
        sent |= (held[index] as number) & mask;
        (held[index] as number) &= ~mask;
      }
      ordered[index] = sent & definition.orderedMask;
      latest[index] = sent & definition.latestMask;
      if (ordered[index] !== 0) hasOrdered = true;
    }
    this.latestPlaces = layout.toJournal(latest);
    return hasOrdered;
  }
}
