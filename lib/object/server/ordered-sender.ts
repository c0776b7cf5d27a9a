import { NetworkWriter } from "../../serialization/index.js";
import { type ChangeForm, writeChanges, writeFullState, writeMask } from "../behaviour/identity-state.js";
import type { MemberValues } from "../behaviour/member-values.js";
import { SyncRef } from "../behaviour/sync-ref.js";
import type { ObjectAudience } from "../wire/object-audience.js";
import type { Masks } from "../wire/object-layout.js";
import { RecordKind, writeSpawnTag, writeStaticName } from "../wire/object-messages.js";
import { selectLatest, writeSelected } from "./latest-members.js";
import type { ObjectPlayer } from "./object-player.js";
import { ObjectView } from "./object-view.js";
import { audienceOf, grantedMembers } from "./scopes.js";
import type { ServerObject } from "./server-object.js";

/** What the sender needs of the world. */
export interface OrderedSenderWorld {
  readonly byNetId: ReadonlyMap<number, ServerObject>;
  /** The references of the world to an object. */
  referencesTo(netId: number): Iterable<SyncRef<never>>;
  report(error: unknown): void;
}

/**
 * Writes what travels in order to each player: spawns, changed members, owners, ends. Changes are written once for all
 * players who get the same members of an object.
 */
export class OrderedSender {
  /** The last tick of latest state: records written now have values that are newer, and older than the next one's. */
  sentTick = 0;
  /** Whether objects that players are about to see are spawned before the messages leave. */
  isSendPhase = false;
  readonly #world: OrderedSenderWorld;
  /** The changes of one object, for one audience behind the other. */
  readonly #shared = new NetworkWriter({ sizeBytes: 4096, maxBytes: 16_000_000 });
  readonly #audiences: ObjectAudience[] = [];
  readonly #ends: number[] = [];
  /** How many of these are the object's: an array that is emptied gives its memory back. */
  #audienceCount = 0;
  readonly #masks: number[] = [];
  readonly #hidden: number[] = [];

  constructor(world: OrderedSenderWorld) {
    this.#world = world;
  }

  /** The player sees the object from now on. @returns false: its program does not have the prefab */
  spawn(player: ObjectPlayer, object: ServerObject): boolean {
    const { values } = object;
    const layout = player.layouts.of(object.layout);
    if (!layout) return false;
    const audience = audienceOf(object, player, layout, this.#world.report);
    const writer = player.begin(RecordKind.Spawn, this.sentTick);
    // What is written between two ticks leaves with the next one.
    const view = new ObjectView(player, object, audience, this.sentTick + (this.isSendPhase ? 0 : 1));
    view.sentOwn(view.audience.visible);
    writer.writePacked(object.item);
    writer.writeUint32(object.netId);
    writer.writePacked(player.layouts.numberOf(layout));
    writeStaticName(writer, object.staticName);
    const tag = object.step?.player === player.player ? object.step : null;
    writeSpawnTag(writer, tag);
    if (tag) player.stepSpawns = (player.stepSpawns + 1) & 0xffff;
    this.#writeAudience(writer, view);
    writeFullState(writer, values, audience.visible, this.#hide(view, audience.visible));
    player.views.set(object.item, view);
    object.addView(view);
    view.waitForBatch();
    this.#showReferencesTo(player, object.netId);
    return true;
  }

  despawn(view: ObjectView, isDestroyed: boolean): void {
    const { player, object } = view;
    view.remove();
    player.marks.remove(object.item);
    const writer = player.begin(RecordKind.Despawn, this.sentTick);
    writer.writePacked(object.item);
    writer.writeBoolean(isDestroyed);
  }

  /** Ordered members `masks` of the object have changed, and nothing else in them since the last `settle`. */
  state(object: ServerObject, masks: Masks): void {
    this.#shared.reset();
    this.#audienceCount = 0;
    const { views } = object;
    for (let index = 0; index < views.length; index++) {
      const view = views[index] as ObjectView;
      // Who shares the instances has set nothing in others.
      const isElsewhere = view.audience.isOwner && !view.player.isShared;
      this.#writeState(view, isElsewhere ? this.#withoutOwn(object, masks) : masks, "delta");
    }
  }

  /** Sends a player who may have room again what has changed meanwhile. */
  sendHeld(player: ObjectPlayer): void {
    for (const [object, masks] of player.heldOrdered) {
      if (player.isCongested) return;
      player.heldOrdered.delete(object);
      const view = player.views.get(object.item);
      if (view) this.#writeState(view, masks, "whole");
    }
  }

  /** The player is the owner of the object from now on, or no more. */
  owner(view: ObjectView): void {
    const { object, player } = view;
    const { values } = object;
    player.heldOrdered.delete(object);
    view.audience = audienceOf(object, player, view.audience.layout, this.#world.report);
    const writer = player.begin(RecordKind.Owner, this.sentTick);
    view.waitForBatch();
    view.sentOwn(view.audience.visible);
    writer.writePacked(object.item);
    this.#writeAudience(writer, view);
    const { visible } = view.audience;
    writeFullState(writer, values, visible, this.#hide(view, visible));
  }

  /** Asks the functions in `to` of the members `asked` again, for all players who see the object. */
  rescope(object: ServerObject, asked: Masks): void {
    for (const view of [...object.views]) {
      const { audience, player } = view;
      if (player.isWatcher) continue;
      const granted = grantedMembers(object, player, audience.layout, this.#world.report, audience.granted, asked);
      if (granted.some((mask, index) => mask !== audience.granted[index])) this.#scope(view, granted);
    }
  }

  #scope(view: ObjectView, granted: Masks): void {
    const { audience: before, object, player } = view;
    const { values } = object;
    const { layout } = before;
    view.audience = layout.audiences.of(before.isOwner, granted);
    const writer = player.begin(RecordKind.Scope, this.sentTick);
    writer.writePacked(object.item);
    for (const [index, mask] of layout.scoped.entries()) writeMask(writer, granted[index] as number, mask);
    // Packets of before the change come too late from now on: their values are in this message.
    if (layout.hasScopedLatest) view.waitForBatch();
    const masks = layout.scopeChange(before, view.audience);
    writeFullState(writer, values, masks, this.#hide(view, masks));
  }

  /** Sends a player who owns the object the values here. */
  correct(view: ObjectView, masks: Masks): void {
    const { audience, object, player } = view;
    const writer = player.begin(RecordKind.Correction, this.sentTick);
    view.sentOwn(masks);
    if (object.layout.toJournal(masks) !== 0) view.waitForBatch(false);
    writer.writePacked(object.item);
    writeChanges(writer, object.values, masks, audience.visible, "whole", this.#hide(view, masks));
  }

  /** Latest members `mask` (of the journal) have changed, and the player may not have the object yet. */
  latest(view: ObjectView, mask: number): void {
    const { object, player } = view;
    if (!view.isWhole || player.isCongested || !selectLatest(view, mask)) return;
    const writer = player.begin(RecordKind.Latest, this.sentTick);
    writer.writePacked(object.item);
    writeSelected(writer, object, view.audience, this.sentTick);
  }

  /** Sends the owner what the server has set of what is the owner's to set. A client in this process has it. */
  putRight(object: ServerObject, masks: Masks): void {
    for (const view of object.views) if (view.audience.isOwner && !view.player.isShared) this.correct(view, masks);
  }

  /** Whether the player is the owner, and which members it gets by scopes. */
  #writeAudience(writer: NetworkWriter, { audience }: ObjectView): void {
    const { layout } = audience;
    writer.writeBoolean(audience.isOwner);
    if (!layout.hasScopes) return;
    for (const [index, mask] of layout.scoped.entries()) writeMask(writer, audience.granted[index] as number, mask);
  }

  #writeState(view: ObjectView, masks: Masks, form: ChangeForm): void {
    const { audience, object, player } = view;
    const { item, values } = object;
    if (!hasCommon(masks, audience.ordered)) return;
    const held = player.heldOrdered.get(object);
    if (held || player.isCongested) {
      player.heldOrdered.set(object, joined(masks, held));
      return;
    }
    const hidden = this.#hide(view, masks);
    const writer = player.begin(RecordKind.State, this.sentTick);
    view.sentOwn(masks);
    writer.writePacked(item);
    // What an owner changes as well is not the same at both: operations may not fit there.
    const ownForm = audience.isOwner && audience.layout.hasOwnCollections ? "whole" : form;
    if (hidden || form === "whole") {
      writeChanges(writer, values, masks, audience.ordered, ownForm, hidden);
      return;
    }
    const shared = this.#shared;
    let place = 0;
    while (place < this.#audienceCount && this.#audiences[place] !== audience) place++;
    if (place === this.#audienceCount) {
      this.#audiences[this.#audienceCount++] = audience;
      writeChanges(shared, values, masks, audience.ordered, ownForm);
      this.#ends[place] = shared.bitLength;
    }
    const start = place === 0 ? 0 : (this.#ends[place - 1] as number);
    writer.copyFrom(shared, start, (this.#ends[place] as number) - start);
  }

  /** Without what the owner has set itself. */
  #withoutOwn({ layout, setByOwner }: ServerObject, masks: Masks): Masks {
    const others = this.#masks;
    others.length = masks.length;
    for (let index = 0; index < masks.length; index++) {
      const own = (layout.fromOwnerOnly[index] as number) | (setByOwner[index] as number);
      others[index] = (masks[index] as number) & ~own;
    }
    return others;
  }

  /** Of `masks` the references to what the player does not see, which is remembered; null if there are none. */
  #hide({ audience, hidden, object, player }: ObjectView, masks: Masks): Masks | null {
    const { layout, values } = object;
    if (!layout.hasReferences) return null;
    let found = 0;
    this.#hidden.length = values.length;
    for (const [index, { referenceMask }] of layout.definitions.entries()) {
      const written = referenceMask & (masks[index] as number) & (audience.visible[index] as number);
      let unseen = 0;
      for (let left = written; left !== 0; left &= left - 1) {
        const bit = left & -left;
        const reference = (values[index] as MemberValues).get(31 - Math.clz32(bit)) as SyncRef<never>;
        if (!this.#sees(player, SyncRef.netIdOf(reference))) unseen |= bit;
      }
      this.#hidden[index] = unseen;
      hidden[index] = ((hidden[index] as number) & ~written) | unseen;
      found |= unseen;
    }
    return found === 0 ? null : this.#hidden;
  }

  #sees(player: ObjectPlayer, netId: number): boolean {
    const target = netId === 0 ? undefined : this.#world.byNetId.get(netId);
    if (!target) return netId === 0;
    return player.views.has(target.item) || (this.isSendPhase && player.entering.has(target));
  }

  /** The player sees the object of this number now: references to it that were null have their value. */
  #showReferencesTo(player: ObjectPlayer, netId: number): void {
    for (const reference of this.#world.referencesTo(netId)) {
      const { values, bit } = SyncRef.memberOf(reference);
      const object = values.owner as ServerObject | null;
      const view = object && player.views.get(object.item);
      if (!view || view.object !== object) continue;
      const part = object.values.indexOf(values);
      if (((view.hidden[part] as number) & bit) === 0) continue;
      this.#writeState(
        view,
        object.values.map((_, index) => (index === part ? bit : 0)),
        "whole",
      );
    }
  }
}

/** Not where it is needed: a function there would be an object for each record. */
const joined = (one: Masks, other: Masks | undefined): Masks => one.map((mask, index) => mask | (other?.[index] ?? 0));

function hasCommon(one: Masks, other: Masks): boolean {
  for (let index = 0; index < one.length; index++) {
    if (((one[index] as number) & (other[index] as number)) !== 0) return true;
  }
  return false;
}
