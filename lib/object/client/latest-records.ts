import type { NetworkReader } from "../../serialization/index.js";
import { readChanges } from "../behaviour/identity-state.js";
import type { ItemMap } from "../collections/item-map.js";
import {
  isOwnRecord,
  NO_RECORD,
  RECORD,
  readItem,
  readPacketCount,
  readTag,
  TELEPORT_BITS,
} from "../wire/latest-format.js";
import type { ClientObject } from "./client-object.js";
import type { ItemLayouts } from "./item-layouts.js";
import { QuickRecords } from "./quick-records.js";

/** The members of each behaviour that were read last. */
const found: number[] = [];

/** Reads since when the line of an object is broken. */
const readBreak = (reader: NetworkReader, tick: number): number =>
  reader.readBoolean() ? tick - reader.readBits(TELEPORT_BITS) : Number.NEGATIVE_INFINITY;

/** Reads latest members that travelled in order. Where a packet was faster, that has what is newer. */
export function readLatestInOrder(reader: NetworkReader, tick: number, object: ClientObject): void {
  const { audience, latestTick } = object;
  const { layout } = audience;
  const isNew = ((tick - latestTick) | 0) >= 0;
  const breakTick = layout.interpolated.length > 0 ? readBreak(reader, tick) : Number.NEGATIVE_INFINITY;
  readChanges(reader, isNew ? object.values : layout.spare, audience.latest, found);
  if (isNew) object.record(tick, found, breakTick);
}

const quick = new QuickRecords();

/**
 * Reads the objects of a packet of latest state.
 *
 * @param reader is at their start in `packet`
 * @param layoutOf that of the last object of each number, also after its end
 * @returns of how many packets it is the last, 0 if it is not, null where it cannot be read any further: a spawn has
 *   not come, and the server sends all of this again
 * @throws NetworkError as `Codec.read`
 */
export function readLatestRecords(
  packet: Uint8Array,
  reader: NetworkReader,
  tick: number,
  objects: ItemMap<ClientObject>,
  layoutOf: ItemLayouts,
): number | null {
  quick.begin(packet);
  quick.item = NO_RECORD;
  for (;;) {
    quick.read(reader, tick, objects);
    const tag = readTag(reader);
    if (tag < RECORD) return readPacketCount(reader, tag);
    const isOwner = isOwnRecord(tag);
    const item = readItem(reader, tag, quick.item);
    quick.item = item;
    const object = objects.get(item);
    const layout = object === undefined ? layoutOf.get(item) : object.audience.layout;
    if (layout === undefined) return null;
    const { audiences } = layout;
    let audience = isOwner ? audiences.owner : audiences.others;
    if (layout.hasScopedLatest) audience = layout.readAudience(reader, isOwner, layout.scopedLatest);
    const isPresent = object !== undefined && ((tick - object.spawnTick) | 0) > 0;
    const values = isPresent ? object.values : layout.spare;
    if (isPresent) object.latestTick = tick;
    if (layout.interpolated.length === 0) {
      readChanges(reader, values, audience.latest);
      continue;
    }
    const breakTick = readBreak(reader, tick);
    readChanges(reader, values, audience.latest, found);
    if (isPresent) object.record(tick, found, breakTick);
  }
}
