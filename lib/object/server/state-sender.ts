import type { ObjectMeter } from "./object-meter.js";
import type { OrderedSender } from "./ordered-sender.js";
import type { ServerObject } from "./server-object.js";
import { SettledMembers } from "./settled-members.js";
import { NOT_SETTLED } from "./tick-changes.js";

/** Finds which members of changed objects are due, and sends the ordered ones. */
export class StateSender {
  /** Null while nobody asks what objects take. */
  meter: ObjectMeter | null = null;
  readonly #ordered: OrderedSender;
  /** Of the object whose changes are sent. */
  readonly #settled = new SettledMembers();

  constructor(ordered: OrderedSender) {
    this.#ordered = ordered;
  }

  /** Sends changed ordered members: before a call of the object is written; in the send phase, those that are due. */
  flush(object: ServerObject, tick: number | null = null): void {
    const settled = this.#settled;
    if (settled.take(object, tick)) this.#ordered.state(object, settled.ordered);
    if (this.meter) this.meter.add(object, settled);
    if (settled.hasOwners) this.#ordered.putRight(object, settled.owners);
  }

  /**
   * Sends the due members of changed objects from one place to before another, and sets `masks` for `TickChanges`.
   *
   * @returns whether the owners of some may set members
   */
  send(
    changed: readonly (ServerObject | undefined)[],
    masks: Int32Array,
    from: number,
    to: number,
    tick: number,
  ): boolean {
    if (this.#findLatest(changed, masks, from, to)) return false;
    let hasOwners = false;
    for (let index = from; index < to; index++) {
      const object = changed[index] as ServerObject;
      if (masks[index] === 0 && object.isSpawned) masks[index] = this.#sendOne(object, tick);
      hasOwners ||= object.layout.isFromOwner;
    }
    return hasOwners;
  }

  /**
   * Finds the objects of which only latest members have changed that are settled later. Nothing is called in this loop:
   * what it knows of the arrays would have to be looked up again for each.
   *
   * @returns whether all are such
   */
  #findLatest(changed: readonly (ServerObject | undefined)[], masks: Int32Array, from: number, to: number): boolean {
    const hasMeter = this.meter !== null;
    let isAll = true;
    for (let index = from; index < to; index++) {
      const object = changed[index] as ServerObject;
      const { first, isSpawned, layout } = object;
      object.isListed = false;
      const isLatest = layout.isSingle && isSpawned && !hasMeter && !first.hasChanged(~layout.latestMask);
      masks[index] = isLatest ? NOT_SETTLED : 0;
      isAll &&= isLatest;
    }
    return isAll;
  }

  /** @returns its mask for `TickChanges` */
  #sendOne(object: ServerObject, tick: number): number {
    if (object.layout.isSingle && this.meter === null) {
      this.flush(object);
      return NOT_SETTLED;
    }
    this.flush(object, tick);
    // What is not due yet is looked at again in the next tick.
    if (object.layout.hasEvery && object.hasMore) object.changed();
    return this.#settled.latestPlaces;
  }
}
