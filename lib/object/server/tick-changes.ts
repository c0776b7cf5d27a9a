import type { NetworkWriter } from "../../serialization/index.js";
import { grownInts } from "../collections/int-array.js";
import type { Journal } from "../journal/journal.js";
import {
  BITS_BESIDE_START,
  isNextStart,
  MAX_START_BITS,
  NO_RECORD,
  shortStart,
  shortStartBits,
  writeRecordStart,
} from "../wire/latest-format.js";
import type { ObjectAudience } from "../wire/object-audience.js";
import { BODY, ChangeRecords, ITEM, MASK, NEXT, SEEN, START, WIDTH } from "./change-records.js";
import { writeLatestMembers } from "./latest-members.js";
import type { ServerObject } from "./server-object.js";
import { Viewers } from "./viewers.js";

/**
 * The latest state that has changed in a tick. It is written once for all who get the same members, as soon as it is
 * known, and put in order by who sees it: then records with the same viewers lie together.
 */
export class TickChanges {
  readonly #arrived = new ChangeRecords();
  readonly #ordered = new ChangeRecords();
  /** The changes in order, once `write` was called. */
  list: ChangeRecords = this.#ordered;
  /** The objects of those that came, and their members (of the journal). */
  readonly #objects: (ServerObject | undefined)[] = [];
  #masks = new Int32Array(64);
  #count = 0;
  readonly #nobody = new Viewers([], 0);
  readonly #sets: Viewers[] = [];
  #setCount = 0;
  /** The last change of each object, which may be one of an earlier tick. */
  #placeOf = new Int32Array(0);
  /** Whether the tick's changes are there: nobody asks where all players get all changes. */
  #isListed = false;
  #tick = -1;

  beginTick(tick: number): void {
    this.#tick = tick;
    this.#arrived.reset();
    this.#ordered.reset();
    this.#count = this.#setCount = 0;
  }

  /** Members of an object have changed that somebody sees. */
  add(object: ServerObject, mask: number): void {
    const change = this.#count++;
    if (change >= this.#masks.length) this.#masks = grownInts(this.#masks, change + 1);
    this.#objects[change] = object;
    this.#masks[change] = mask;
  }

  /** All changes are known: writes them, puts them in order, and tells the players who see them. */
  write(journal: Journal): void {
    this.#writeRecords();
    // Where all have the same viewers, that is how they came.
    const isOrdered = this.#setCount === 1;
    const list = isOrdered ? this.#arrived : this.#ordered;
    this.list = list;
    for (let index = 0; index < this.#setCount; index++) {
      const set = this.#sets[index] as Viewers;
      set.start = isOrdered ? 0 : list.count;
      if (!isOrdered) this.#append(set);
      set.end = list.count;
      set.startBit = list.startOf(set.start);
      set.endBit = list.writer.bitLength;
      set.firstPacket = set.lastPacket = 0;
      const { players } = set;
      for (let place = 0; place < players.length; place++) players[place]?.addChanges(set);
      this.#tellSpecial(set);
    }
    journal.addChanges(list.data, WIDTH, list.count);
    this.#isListed = false;
  }

  #writeRecords(): void {
    const list = this.#arrived;
    const { writer } = list;
    const count = this.#count;
    const data = list.reserve(count);
    let viewers = this.#nobody;
    let before = NO_RECORD;
    for (let change = 0, at = 0; change < count; change++, at += WIDTH) {
      const object = this.#objects[change] as ServerObject;
      const mask = this.#masks[change] as number;
      const { item, layout } = object;
      if (object.viewers === viewers) data[at - WIDTH + NEXT] = change;
      else {
        this.#leave(viewers, change - 1, before);
        viewers = object.viewers;
        before = this.#enter(viewers, change);
      }
      const { others } = layout.audiences;
      const shown = mask & others.latestPlaces;
      const start = writer.bitLength;
      let body = start;
      if (shown !== 0) {
        body = this.#writeRecord(writer, object, before, shown, others);
        before = item;
      }
      data[at + ITEM] = item;
      data[at + MASK] = mask;
      data[at + SEEN] = shown;
      data[at + START] = start;
      data[at + BODY] = body;
      data[at + NEXT] = -1;
      if (object.specialCount === 0) this.#objects[change] = undefined;
    }
    this.#leave(viewers, count - 1, before);
    data[count * WIDTH + START] = writer.bitLength;
  }

  /** The next changes are of these viewers. @returns the object of the last record before them */
  #enter(viewers: Viewers, change: number): number {
    if (viewers.tick === this.#tick) {
      this.#arrived.data[viewers.last * WIDTH + NEXT] = change;
      return viewers.lastRecord;
    }
    viewers.tick = this.#tick;
    viewers.first = change;
    this.#sets[this.#setCount++] = viewers;
    return NO_RECORD;
  }

  #leave(viewers: Viewers, last: number, lastRecord: number): void {
    viewers.last = last;
    viewers.lastRecord = lastRecord;
  }

  /** Adds the changes of a set to those in order: those that came one behind the other at once. */
  #append({ first }: Viewers): void {
    for (let from = first; from >= 0; ) {
      let to = from + 1;
      let next = this.#nextOf(from);
      for (; next === to; to++) next = this.#nextOf(next);
      this.#ordered.append(this.#arrived, from, to);
      from = next;
    }
  }

  /** Tells the players who get other records than the rest of a set: of their objects alone is still known. */
  #tellSpecial({ first, start }: Viewers): void {
    let place = start;
    for (let change = first; change >= 0; change = this.#nextOf(change), place++) {
      const object = this.#objects[change];
      if (object === undefined) continue;
      this.#objects[change] = undefined;
      for (let index = 0; index < object.specialCount; index++) {
        const view = object.special[index];
        view?.player.addSpecial(view, place);
      }
    }
  }

  #nextOf(change: number): number {
    return this.#arrived.data[change * WIDTH + NEXT] as number;
  }

  /** The change of an object in this tick, -1 without one. */
  placeOf(item: number): number {
    const { list } = this;
    this.listForMarks();
    const place = item < this.#placeOf.length ? (this.#placeOf[item] as number) : -1;
    return place >= 0 && place < list.count && list.itemOf(place) === item ? place : -1;
  }

  /** Lists what only players with marks need: the places of objects, and how many bytes the records take. */
  listForMarks(): void {
    if (this.#isListed) return;
    this.#isListed = true;
    this.list.measure();
    const { count, data } = this.list;
    for (let place = 0, at = ITEM; place < count; place++, at += WIDTH) {
      const item = data[at] as number;
      if (item >= this.#placeOf.length) this.#placeOf = grownInts(this.#placeOf, item + 1);
      this.#placeOf[item] = place;
    }
  }

  /**
   * Copies the records of the changes from `from` to before `to` into a packet, as many as fit in `limitBits`; one at
   * least if the packet is empty.
   *
   * @returns the first one that did not fit, `to` if all did
   */
  copy(packet: NetworkWriter, from: number, to: number, limitBits: number): number {
    const { list } = this;
    let place = from;
    while (place < to && list.seenOf(place) === 0) place++;
    if (place === to) return to;
    const before = packet.bitLength;
    let start = list.startOf(place);
    const body = list.data[place * WIDTH + BODY] as number;
    if (isNextStart(body - start)) {
      // What is before it in the packet is another object.
      writeRecordStart(packet, NO_RECORD, list.itemOf(place), false);
      start = body;
    }
    // All behind the first one follow as they are.
    const last = start + limitBits - packet.bitLength;
    let end = to;
    if (list.startOf(to) > last) {
      end = place;
      while (list.startOf(end + 1) <= last) end++;
      if (end === place) {
        if (before > MAX_START_BITS) {
          packet.truncate(before);
          return place;
        }
        end++;
      }
    }
    packet.copyFrom(list.writer, start, list.startOf(end) - start);
    return end;
  }

  /** @returns where what follows the object's number begins */
  #writeRecord(
    writer: NetworkWriter,
    object: ServerObject,
    before: number,
    mask: number,
    audience: ObjectAudience,
  ): number {
    const { item, layout } = object;
    const bits = shortStartBits(before, item);
    if (layout.isSimple && bits > 0 && audience.simpleBits <= BITS_BESIDE_START) {
      // The same as below, with fewer calls.
      const body = writer.bitLength + bits;
      const members = layout.membersOf(mask);
      writer.writeBits(shortStart(before, item, false) | (members << bits), bits + audience.simpleBits);
      object.first.write(writer, members);
      return body;
    }
    writeRecordStart(writer, before, item, false);
    const body = writer.bitLength;
    writeLatestMembers(writer, object, mask, audience, this.#tick);
    return body;
  }
}
