import { NetworkWriter } from "../../serialization/index.js";
import type { MemberValues } from "../behaviour/member-values.js";
import { grownInts } from "../collections/int-array.js";
import type { Journal } from "../journal/journal.js";
import {
  BITS_BESIDE_START,
  isNextStart,
  MAX_START_BITS,
  NO_RECORD,
  recordStartBits,
  shortStart,
  shortStartBits,
  writeRecordStart,
} from "../wire/latest-format.js";
import type { ObjectAudience } from "../wire/object-audience.js";
import { writeLatestMembers } from "./latest-members.js";
import type { ServerObject } from "./server-object.js";
import type { Viewers } from "./viewers.js";

/**
 * The latest state that has changed in a tick, ordered by who sees it. It is written once for all who get the same
 * members: records lie one behind the other, and those with the same viewers together.
 */
export class TickChanges {
  /** The objects and members (of the journal) of the changes, in the order in which they are written. */
  items = new Int32Array(64);
  masks = new Int32Array(64);
  /** Those members of which players get this record; 0 without one. */
  seen = new Int32Array(64);
  /** Where the record of each starts, and what follows its object's number. One more start ends the last record. */
  starts = new Int32Array(64);
  bodies = new Int32Array(64);
  /** How many bytes the record of each takes alone, at most. */
  bytes = new Int32Array(64);
  count = 0;
  readonly records = new NetworkWriter({ sizeBytes: 4096, maxBytes: 16_000_000 });
  /** In the order of their coming, and the next one with the same viewers. */
  readonly #objects: (ServerObject | undefined)[] = [];
  readonly #changed: number[] = [];
  readonly #next: number[] = [];
  #changes = 0;
  readonly #sets: Viewers[] = [];
  #setCount = 0;
  /** The last change of each object, which may be one of an earlier tick. */
  #placeOf = new Int32Array(0);
  #tick = -1;

  beginTick(tick: number): void {
    this.#tick = tick;
    this.count = this.#changes = this.#setCount = 0;
    this.records.reset();
  }

  /** Members of an object have changed that somebody sees. */
  add(object: ServerObject, mask: number): void {
    const { viewers } = object;
    const change = this.#changes++;
    this.#objects[change] = object;
    this.#changed[change] = mask;
    this.#next[change] = -1;
    if (viewers.tick !== this.#tick) {
      viewers.tick = this.#tick;
      viewers.first = change;
      this.#sets[this.#setCount++] = viewers;
    } else this.#next[viewers.last] = change;
    viewers.last = change;
  }

  /** Writes the changes, and tells the players who see them. */
  write(journal: Journal): void {
    this.#reserve(this.#changes + 1);
    for (let index = 0; index < this.#setCount; index++) {
      const set = this.#sets[index] as Viewers;
      this.#writeSet(set, journal);
      const { players } = set;
      for (let place = 0; place < players.length; place++) players[place]?.addChanges(set);
    }
    this.starts[this.count] = this.records.bitLength;
  }

  /** The change of an object in this tick, -1 without one. */
  placeOf(item: number): number {
    const place = item < this.#placeOf.length ? (this.#placeOf[item] as number) : -1;
    return place >= 0 && place < this.count && this.items[place] === item ? place : -1;
  }

  /**
   * Copies the records of the changes from `from` to before `to` into a packet, as many as fit in `limitBits`; one at
   * least if the packet is empty.
   *
   * @returns the first one that did not fit, `to` if all did
   */
  copy(packet: NetworkWriter, from: number, to: number, limitBits: number): number {
    const { bodies, items, starts } = this;
    let place = from;
    while (place < to && this.seen[place] === 0) place++;
    if (place === to) return to;
    const before = packet.bitLength;
    let start = starts[place] as number;
    if (isNextStart((bodies[place] as number) - start)) {
      // What is before it in the packet is another object.
      writeRecordStart(packet, NO_RECORD, items[place] as number, false);
      start = bodies[place] as number;
    }
    // All behind the first one follow as they are.
    const last = start + limitBits - packet.bitLength;
    let end = to;
    if ((starts[to] as number) > last) {
      end = place;
      while ((starts[end + 1] as number) <= last) end++;
      if (end === place) {
        if (before > MAX_START_BITS) {
          packet.truncate(before);
          return place;
        }
        end++;
      }
    }
    packet.copyFrom(this.records, start, (starts[end] as number) - start);
    return end;
  }

  #writeSet(set: Viewers, journal: Journal): void {
    const { bodies, bytes, items, masks, records, seen, starts } = this;
    let place = this.count;
    set.start = place;
    set.startBit = records.bitLength;
    set.firstPacket = set.lastPacket = 0;
    let before = NO_RECORD;
    for (let change = set.first; change >= 0; change = this.#next[change] as number) {
      const object = this.#objects[change] as ServerObject;
      this.#objects[change] = undefined;
      const mask = this.#changed[change] as number;
      const { item, layout, specialCount } = object;
      const { others } = layout.audiences;
      const shown = mask & others.latestPlaces;
      const start = records.bitLength;
      journal.change(item, mask);
      if (item >= this.#placeOf.length) this.#placeOf = grownInts(this.#placeOf, item + 1);
      this.#placeOf[item] = place;
      items[place] = item;
      masks[place] = mask;
      seen[place] = shown;
      starts[place] = bodies[place] = start;
      if (shown !== 0) {
        const body = this.#writeRecord(object, before, shown, others);
        bodies[place] = body;
        bytes[place] = (records.bitLength - body + recordStartBits(item) + 7) >>> 3;
        before = item;
      }
      for (let index = 0; index < specialCount; index++) {
        const view = object.special[index];
        view?.player.addSpecial(view, place);
      }
      place++;
    }
    this.count = set.end = place;
    set.endBit = records.bitLength;
  }

  /** @returns where what follows the object's number begins */
  #writeRecord(object: ServerObject, before: number, mask: number, audience: ObjectAudience): number {
    const { records } = this;
    const { item, layout, values } = object;
    const bits = shortStartBits(before, item);
    if (layout.isSimple && bits > 0 && audience.simpleBits <= BITS_BESIDE_START) {
      // The same as below, with fewer calls.
      const body = records.bitLength + bits;
      const members = layout.membersOf(mask);
      records.writeBits(shortStart(before, item, false) | (members << bits), bits + audience.simpleBits);
      (values[0] as MemberValues).write(records, members);
      return body;
    }
    writeRecordStart(records, before, item, false);
    const body = records.bitLength;
    writeLatestMembers(records, object, mask, audience, this.#tick);
    return body;
  }

  #reserve(count: number): void {
    if (count <= this.items.length) return;
    this.items = grownInts(this.items, count);
    this.masks = grownInts(this.masks, count);
    this.seen = grownInts(this.seen, count);
    this.bytes = grownInts(this.bytes, count);
    this.starts = grownInts(this.starts, count);
    this.bodies = grownInts(this.bodies, count);
  }
}
