import type { NetworkWriter } from "../../serialization/index.js";
import { writeChanges, writeMask } from "../behaviour/identity-state.js";
import { NO_RECORD, TELEPORT_BITS, writeRecordStart } from "../wire/latest-format.js";
import type { ObjectAudience } from "../wire/object-audience.js";
import type { ObjectView } from "./object-view.js";
import type { ServerObject } from "./server-object.js";

const MAX_TELEPORT_TICKS = 1 << TELEPORT_BITS;

/** Of each behaviour the members that are written. */
const masks: number[] = [];

/** Writes what follows an object's number in latest state: the members `mask` (of the journal), for an audience. */
export function writeLatestMembers(
  writer: NetworkWriter,
  object: ServerObject,
  mask: number,
  audience: ObjectAudience,
  tick: number,
): void {
  object.layout.fromJournal(mask, masks);
  writeScopes(writer, audience);
  writeSelected(writer, object, audience, tick);
}

function writeScopes(writer: NetworkWriter, { granted, layout }: ObjectAudience): void {
  if (!layout.hasScopedLatest) return;
  for (const [index, may] of layout.scopedLatest.entries()) writeMask(writer, granted[index] as number, may);
}

/** Writes a record for one player. Of what its owner has set itself it has nothing, and there may be none then. */
export function writeLatestRecord(writer: NetworkWriter, view: ObjectView, mask: number, tick: number): void {
  if (!selectLatest(view, mask)) return;
  const { audience, object } = view;
  writeRecordStart(writer, NO_RECORD, object.item, audience.isOwner);
  writeScopes(writer, audience);
  writeSelected(writer, object, audience, tick);
}

/** Takes the members `mask` (of the journal) for `writeSelected`. @returns whether the player gets any of them */
export function selectLatest({ audience, object, player }: ObjectView, mask: number): boolean {
  object.layout.fromJournal(mask & audience.latestPlaces, masks);
  // Who shares the instances has set nothing in others.
  return !audience.isOwner || player.isShared ? (mask & audience.latestPlaces) !== 0 : selectOthers(object);
}

/** Leaves what the owner does not have already. @returns whether that is anything */
function selectOthers({ control, layout, owner, setByOwner }: ServerObject): boolean {
  let left = 0;
  for (let index = 0; index < masks.length; index++) {
    let own = (layout.fromOwnerOnly[index] as number) | (setByOwner[index] as number);
    // What it controls reaches it with what became of its inputs.
    if (control?.index === index && control.player.player === owner) own |= control.mask;
    (masks[index] as number) &= ~own;
    left |= masks[index] as number;
  }
  return left !== 0;
}

/** Writes what was selected, as a player of this audience gets it. */
export function writeSelected(
  writer: NetworkWriter,
  object: ServerObject,
  audience: ObjectAudience,
  tick: number,
): void {
  if (audience.layout.interpolated.length > 0) writeTeleport(writer, object, tick);
  writeChanges(writer, object.values, masks, audience.latest);
}

function writeTeleport(writer: NetworkWriter, object: ServerObject, tick: number): void {
  const ticks = object.teleportTick === null ? MAX_TELEPORT_TICKS : (tick - object.teleportTick) | 0;
  if (ticks >= MAX_TELEPORT_TICKS) object.teleportTick = null;
  writer.writeBoolean(object.teleportTick !== null);
  if (object.teleportTick !== null) writer.writeBits(ticks, TELEPORT_BITS);
}
