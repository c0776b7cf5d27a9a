import type { NetworkWriter } from "../../serialization/index.js";
import { grownInts } from "../collections/int-array.js";
import type { Journal } from "../journal/journal.js";
import {
  isNextStart,
  MAX_START_BITS,
  NO_RECORD,
  shortStart,
  shortStartBits,
  writeRecordStart,
} from "../wire/latest-format.js";
import type { ObjectLayout } from "../wire/object-layout.js";
import { ChangeRecords, HEAD, ITEM, MASK, SEEN, WIDTH } from "./change-records.js";
import { writeLatestMembers } from "./latest-members.js";
import type { ServerObject } from "./server-object.js";
import { Viewers } from "./viewers.js";

/** So many objects are settled at a time: what was read of them is still in the processor's nearest cache. */
const BLOCK = 32;
/** So many records are written at a time: the writer makes room for the longest ones. */
const MAX_RUN = 1024;

/** What is special of an object, beside the place of its layout: players get other records, or it has teleported. */
const HAS_SPECIAL = 1;
const HAS_TELEPORTED = 2;
const FLAG_BITS = 2;

/**
 * The latest state that has changed in a tick. It is put in order by who sees it, and then written once for all who get
 * the same members: records with the same viewers lie together. Of each object what is needed is read at once, into
 * arrays of integers.
 */
export class TickChanges {
  /** The changes in order, once `write` was called. */
  readonly list: ChangeRecords = new ChangeRecords();
  /** An object in a layout with interpolated members has changed some of them. */
  readonly #onInterpolated: (object: ServerObject, tick: number) => void;
  /** The changes in the order of their coming: objects, changed members (of the journal), numbers, kinds. */
  readonly #objects: (ServerObject | undefined)[] = [];
  #masks = new Int32Array(64);
  #items = new Int32Array(64);
  #kinds = new Int32Array(64);
  /** The next change that the same players see. */
  #next = new Int32Array(64);
  #count = 0;
  #settled = 0;
  /** How many integers `list.run` has. */
  #integers = 0;
  /** The layouts of the tick's changes. */
  readonly #layouts: ObjectLayout[] = [];
  readonly #nobody = new Viewers([], 0);
  /** Who sees the last change. */
  #viewers = this.#nobody;
  #last = 0;
  readonly #sets: Viewers[] = [];
  #setCount = 0;
  /** The last change of each object, which may be one of an earlier tick. */
  #placeOf = new Int32Array(0);
  /** Whether the tick's changes are there: nobody asks where all players get all changes. */
  #isListed = false;
  /** The places before this one are written. */
  #written = 0;
  #tick = -1;

  /** @param onInterpolated hears of objects of which interpolated members have changed */
  constructor(onInterpolated: (object: ServerObject, tick: number) => void) {
    this.#onInterpolated = onInterpolated;
    this.list.run.objects = this.#objects;
  }

  beginTick(tick: number): void {
    this.#tick = tick;
    this.list.reset();
    this.#viewers = this.#nobody;
    this.#count = this.#settled = this.#integers = this.#setCount = 0;
  }

  /** Members (of the journal) of an object have changed; 0: latest members of a single layout, not yet settled. */
  add(object: ServerObject, mask: number): void {
    const change = this.#count++;
    if (change >= this.#masks.length) this.#grow(change + 1);
    this.#objects[change] = object;
    this.#masks[change] = mask;
    if (change - this.#settled === BLOCK - 1) this.#settleBlock();
  }

  #grow(count: number): void {
    const { run } = this.list;
    this.#masks = grownInts(this.#masks, count);
    this.#items = grownInts(this.#items, count);
    this.#kinds = grownInts(this.#kinds, count);
    this.#next = grownInts(this.#next, count);
    run.integersAt = grownInts(run.integersAt, count);
  }

  /** All changes are known: puts them in order, writes them, and tells the players who see them. */
  write(journal: Journal): void {
    const { list } = this;
    this.#settleBlock();
    this.#viewers.last = this.#last;
    this.#order();
    this.#objects.fill(undefined, 0, this.#count);
    this.#layouts.length = 0;
    for (let index = 0; index < this.#setCount; index++) {
      const set = this.#sets[index] as Viewers;
      set.firstPacket = set.lastPacket = 0;
      const { players } = set;
      for (let place = 0; place < players.length; place++) players[place]?.addChanges(set);
    }
    journal.addChanges(list.data, WIDTH, list.count);
    this.#isListed = false;
  }

  /** Reads what is needed of the last changes. */
  #settleBlock(): void {
    const objects = this.#objects;
    const masks = this.#masks;
    const end = this.#count;
    for (let from = this.#settled, to = from; from < end; from = to) {
      const { layout } = objects[from] as ServerObject;
      const isSettled = masks[from] !== 0;
      while (to < end && (masks[to] !== 0) === isSettled && (objects[to] as ServerObject).layout === layout) to++;
      if (!isSettled) this.#settleRun(layout, from, to);
      this.#readRun(layout, from, to);
    }
    this.#settled = end;
  }

  /** Finds which members of objects of a single layout have changed, and their values. */
  #settleRun(layout: ObjectLayout, from: number, to: number): void {
    const { Values, latestMask } = layout;
    const masks = this.#masks;
    const { run } = this.list;
    let integersAt = this.#integers;
    this.#integers += (to - from) * Values.integerCount;
    run.integers = grownInts(run.integers, this.#integers);
    Values.settleAll(this.#objects, from, to, latestMask, masks, run.integers, integersAt);
    for (let change = from; change < to; change++, integersAt += Values.integerCount) {
      masks[change] = layout.placesOf(masks[change] as number);
      run.integersAt[change] = integersAt;
    }
  }

  /** Reads who sees objects of a layout, and links each to those that the same players see. */
  #readRun(layout: ObjectLayout, from: number, to: number): void {
    const objects = this.#objects;
    const masks = this.#masks;
    const items = this.#items;
    const kinds = this.#kinds;
    const next = this.#next;
    const { interpolatedPlaces } = layout;
    const kind = this.#kindOf(layout);
    let viewers = this.#viewers;
    let last = this.#last;
    for (let change = from; change < to; change++) {
      const mask = masks[change] as number;
      if (mask === 0) continue;
      const object = objects[change] as ServerObject;
      if ((mask & interpolatedPlaces) !== 0) this.#onInterpolated(object, this.#tick);
      if (object.viewers === viewers) next[last] = change;
      else {
        if (object.viewers.players.length === 0) continue;
        viewers.last = last;
        viewers = object.viewers;
        this.#enter(viewers, change);
      }
      items[change] = object.item;
      const special = object.specialCount === 0 ? 0 : HAS_SPECIAL;
      kinds[change] = kind | special | (object.teleportTick === null ? 0 : HAS_TELEPORTED);
      next[change] = -1;
      last = change;
    }
    this.#viewers = viewers;
    this.#last = last;
  }

  #kindOf(layout: ObjectLayout): number {
    let place = this.#layouts.indexOf(layout);
    if (place < 0) place = this.#layouts.push(layout) - 1;
    return place << FLAG_BITS;
  }

  /** The next changes are of these viewers. */
  #enter(viewers: Viewers, change: number): void {
    if (viewers.tick === this.#tick) this.#next[viewers.last] = change;
    else {
      viewers.tick = this.#tick;
      viewers.first = change;
      this.#sets[this.#setCount++] = viewers;
    }
  }

  /** Lists and writes the changes, one set of viewers behind the other. */
  #order(): void {
    const { list } = this;
    list.reserve(this.#count);
    this.#written = 0;
    let place = 0;
    for (let index = 0; index < this.#setCount; index++) {
      const set = this.#sets[index] as Viewers;
      set.start = place;
      place = this.#listSet(set, place);
      set.end = place;
    }
    this.#writeRun(place);
    list.count = place;
    list.run.starts[place] = list.writer.bitLength;
  }

  /** Lists the changes of a set from `from` on. @returns the place behind the last one */
  #listSet({ first }: Viewers, from: number): number {
    const masks = this.#masks;
    const items = this.#items;
    const kinds = this.#kinds;
    const next = this.#next;
    const { data, run } = this.list;
    const { changes, heads, headBits, members } = run;
    let place = from;
    let before = NO_RECORD;
    let kind = -1;
    let layout = null as unknown as ObjectLayout;
    let others = 0;
    let runBits = 0;
    let extraBits = 0;
    for (let change = first; change >= 0; change = next[change] as number, place++) {
      const item = items[change] as number;
      const mask = masks[change] as number;
      const flags = kinds[change] as number;
      if (flags >> FLAG_BITS !== kind) {
        kind = flags >> FLAG_BITS;
        layout = this.#layouts[kind] as ObjectLayout;
        ({ runBits } = layout);
        others = layout.audiences.others.latestPlaces;
        extraBits = layout.interpolated.length > 0 ? 1 : 0;
        this.#beginLayout(layout, place);
      }
      const shown = mask & others;
      const bits = shown === 0 ? 0 : shortStartBits(before, item);
      const at = place * WIDTH;
      data[at + ITEM] = item;
      data[at + MASK] = mask;
      data[at + SEEN] = shown;
      data[at + HEAD] = bits;
      changes[place] = change;
      if ((flags & HAS_SPECIAL) !== 0) this.#tellSpecial(this.#objects[change] as ServerObject, place);
      if (shown === 0) {
        heads[place] = headBits[place] = members[place] = 0;
        continue;
      }
      if (runBits > 0 && bits > 0 && (flags & HAS_TELEPORTED) === 0) {
        heads[place] = shortStart(before, item, false) | (shown << (bits + extraBits));
        headBits[place] = bits + extraBits + runBits;
        members[place] = layout.membersOf(shown);
      } else this.#writeAlone(this.#objects[change] as ServerObject, place, before);
      before = item;
    }
    return place;
  }

  /** Records of a layout follow: writes those before, which may be of another one. */
  #beginLayout(layout: ObjectLayout, place: number): void {
    if (place === this.#written) return;
    const before = this.#objects[this.list.run.changes[place - 1] as number];
    if (before?.layout !== layout) this.#writeRun(place);
  }

  /** Writes the records before this one, and this one. */
  #writeAlone(object: ServerObject, place: number, before: number): void {
    const { data, run, writer } = this.list;
    this.#writeRun(place);
    const start = writer.bitLength;
    run.starts[place] = start;
    writeRecordStart(writer, before, object.item, false);
    const at = place * WIDTH;
    data[at + HEAD] = writer.bitLength - start;
    writeLatestMembers(writer, object, data[at + SEEN] as number, object.layout.audiences.others, this.#tick);
    this.#written = place + 1;
  }

  /** Writes the records before a place that are not written yet: those of one class. */
  #writeRun(to: number): void {
    const { run, writer } = this.list;
    while (this.#written < to) {
      const from = this.#written;
      const end = Math.min(to, from + MAX_RUN);
      const { layout } = this.#objects[run.changes[from] as number] as ServerObject;
      layout.Values.writeAll(writer, run, from, end);
      this.#written = end;
    }
  }

  /** Tells the players who get other records of an object than the rest of its viewers. */
  #tellSpecial({ special, specialCount }: ServerObject, place: number): void {
    for (let index = 0; index < specialCount; index++) {
      const view = special[index];
      view?.player.addSpecial(view, place);
    }
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
    for (let place = 0; place < this.list.count; place++) {
      const item = this.list.itemOf(place);
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
    const head = list.headOf(place);
    if (isNextStart(head)) {
      // What is before it in the packet is another object.
      writeRecordStart(packet, NO_RECORD, list.itemOf(place), false);
      start += head;
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
}
