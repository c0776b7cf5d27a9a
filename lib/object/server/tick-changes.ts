import type { NetworkWriter } from "../../serialization/index.js";
import { BEGINS_SET, HEAD, ITEM, type LayoutRun, MASK, ROW, ROW_BITS, SEEN } from "../behaviour/record-run.js";
import { grownInts } from "../collections/int-array.js";
import type { Journal } from "../journal/journal.js";
import { isNextStart, MAX_START_BITS, NO_RECORD, writeRecordStart } from "../wire/latest-format.js";
import type { ObjectLayout } from "../wire/object-layout.js";
import { ChangeRecords } from "./change-records.js";
import { writeLatestMembers } from "./latest-members.js";
import { layoutRunOf } from "./run-functions.js";
import type { ServerObject } from "./server-object.js";
import { Viewers } from "./viewers.js";

/** So many records are written at a time: the writer makes room for the longest ones. */
const MAX_RUN = 1024;

/**
 * What is special of an object, beside the place of its layout: players get other records; or its record is written
 * alone, since it has teleported or was settled alone.
 */
const HAS_SPECIAL = 2;
const IS_ALONE = 4;
const FLAG_BITS = 3;

/** The mask of latest members of a single layout that are not settled yet: it is done for many objects at a time. */
export const NOT_SETTLED = -1;

const runOf = (layout: ObjectLayout): LayoutRun => (layout.run ??= layoutRunOf(layout));

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
  #objects: readonly (ServerObject | undefined)[] = [];
  /** How many of these there are, and how many were read. */
  #count = 0;
  #read = 0;
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
  #tick = -1;

  /** @param onInterpolated hears of objects of which interpolated members have changed */
  constructor(onInterpolated: (object: ServerObject, tick: number) => void) {
    this.#onInterpolated = onInterpolated;
  }

  /**
   * @param objects `count` of them, which stay as they are until `write`
   * @returns the mask of each, which the caller sets: the members that have changed (of the journal), or `NOT_SETTLED`
   */
  beginTick(tick: number, objects: readonly (ServerObject | undefined)[], count: number): Int32Array {
    const { list } = this;
    this.#tick = tick;
    list.reset(count);
    list.run.objects = this.#objects = objects;
    this.#viewers = this.#nobody;
    this.#count = count;
    this.#read = this.#setCount = 0;
    return list.run.masks;
  }

  /** All changes are known: puts them in order, writes them, and tells the players who see them. */
  write(journal: Journal): void {
    const { list } = this;
    this.#viewers.last = this.#last;
    this.#writeRecords(this.#chainSets());
    this.#layouts.length = 0;
    const { rows, setStarts } = list.run;
    for (let index = 0; index < this.#setCount; index++) {
      const set = this.#sets[index] as Viewers;
      set.start = setStarts[index] as number;
      set.end = index + 1 < this.#setCount ? (setStarts[index + 1] as number) : list.count;
      set.firstPacket = set.lastPacket = 0;
      if (set.start === set.end) continue;
      const { players } = set;
      for (let place = 0; place < players.length; place++) players[place]?.addChanges(set);
    }
    journal.addChanges(rows, ROW, list.count);
    this.#isListed = false;
  }

  /**
   * Settles and writes changes at once, as long as they are of what the same players see, with nothing special. The
   * others follow in order.
   *
   * @returns the first one of the others: the caller sets its mask, and `read` goes on from there
   */
  writeRuns(from: number): number {
    let change = from;
    while (change < this.#count) {
      const { layout, viewers } = this.#objects[change] as ServerObject;
      const end = this.#writeRun(layout, viewers, change);
      if (end === change) break;
      change = end;
    }
    this.#read = change;
    return change;
  }

  #writeRun(layout: ObjectLayout, viewers: Viewers, from: number): number {
    const { run, writer } = this.list;
    const layoutRun = runOf(layout);
    if (layoutRun.form === null) return from;
    if (run.viewers === null && viewers.players.length > 0 && viewers.tick !== this.#tick) {
      run.viewers = viewers;
      viewers.tick = this.#tick;
      viewers.first = viewers.last = -1;
      // What others see may have been read before, but it is written later.
      const sets = this.#sets;
      if (this.#setCount > 0) sets[this.#setCount] = sets[0] as Viewers;
      sets[0] = viewers;
      this.#setCount++;
      run.setStarts[run.setCount++] = 0;
    }
    if (viewers !== run.viewers) return from;
    run.layout = layout;
    const end = layoutRun.writeRun(writer, run, layoutRun.form, from, Math.min(from + MAX_RUN, this.#count));
    this.#tellInterpolated(layout, from, end);
    return end;
  }

  #tellInterpolated({ interpolatedPlaces }: ObjectLayout, from: number, to: number): void {
    const { masks } = this.list.run;
    for (let change = from; change < to && interpolatedPlaces !== 0; change++) {
      const has = ((masks[change] as number) & interpolatedPlaces) !== 0;
      if (has) this.#onInterpolated(this.#objects[change] as ServerObject, this.#tick);
    }
  }

  /** Reads what is needed of the objects before `end`, whose masks are set. */
  read(end: number): void {
    const objects = this.#objects;
    const { run } = this.list;
    const { masks } = run;
    for (let from = this.#read, to = from; from < end; from = to) {
      const { layout } = objects[from] as ServerObject;
      const isSettled = masks[from] !== NOT_SETTLED;
      while (to < end && (masks[to] !== NOT_SETTLED) === isSettled && (objects[to] as ServerObject).layout === layout) {
        to++;
      }
      if (!isSettled) runOf(layout).settleAll(run, from, to);
      this.#readRun(layout, isSettled, from, to);
    }
    this.#read = end;
  }

  /** Reads who sees objects of a layout, and chains each to those that the same players see. */
  #readRun(layout: ObjectLayout, isAlone: boolean, from: number, to: number): void {
    const objects = this.#objects;
    const { items, kinds, masks, next } = this.list.run;
    const kindOfAll = this.#kindOf(layout) | (isAlone ? IS_ALONE : 0);
    let viewers = this.#viewers;
    let last = this.#last;
    this.#tellInterpolated(layout, from, to);
    for (let change = from; change < to; change++) {
      if (masks[change] === 0) continue;
      const object = objects[change] as ServerObject;
      let kind = kindOfAll;
      if (object.viewers === viewers) next[last] = change;
      else {
        if (object.viewers.players.length === 0) continue;
        viewers.last = last;
        viewers = object.viewers;
        if (this.#enter(viewers, change)) kind |= BEGINS_SET;
      }
      items[change] = object.item;
      if (object.specialCount !== 0) kind |= HAS_SPECIAL;
      if (object.teleportTick !== null) kind |= IS_ALONE;
      kinds[change] = kind;
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

  /** The next changes are of these viewers. @returns whether they have none yet */
  #enter(viewers: Viewers, change: number): boolean {
    if (viewers.tick === this.#tick) {
      if (viewers.last < 0) viewers.first = change;
      else this.list.run.next[viewers.last] = change;
      return false;
    }
    viewers.tick = this.#tick;
    viewers.first = change;
    this.#sets[this.#setCount++] = viewers;
    return true;
  }

  /**
   * Chains each set of viewers' changes to those of the next one. Those of the first set may be written already.
   *
   * @returns the first change of the chain, -1 if it is empty
   */
  #chainSets(): number {
    const { next } = this.list.run;
    const isWritten = this.#setCount > 0 && (this.#sets[0] as Viewers).first < 0;
    for (let index = isWritten ? 2 : 1; index < this.#setCount; index++) {
      next[(this.#sets[index - 1] as Viewers).last] = (this.#sets[index] as Viewers).first;
    }
    const first = isWritten ? 1 : 0;
    return first < this.#setCount ? (this.#sets[first] as Viewers).first : -1;
  }

  /** Writes all records in the order of the chain. */
  #writeRecords(first: number): void {
    const { list } = this;
    const { run, writer } = list;
    const { kinds } = run;
    let { place } = run;
    let change = first;
    while (change >= 0) {
      const kind = kinds[change] as number;
      const layoutRun = runOf(this.#layouts[kind >> FLAG_BITS] as ObjectLayout);
      const isSpecial = (kind & HAS_SPECIAL) !== 0;
      if (isSpecial) this.#tellSpecial(this.#objects[change] as ServerObject, place);
      let end = place;
      if (layoutRun.form !== null && (kind & IS_ALONE) === 0) {
        const limit = isSpecial ? place + 1 : Math.min(place + MAX_RUN, this.#count);
        end = layoutRun.writeChain(writer, run, layoutRun.form, change, place, limit);
      }
      if (end === place) this.#writeAlone(change, end++);
      place = end;
      change = run.change;
    }
    list.count = place;
    run.starts[place] = writer.bitLength;
  }

  /** Writes the record of a change that cannot be written in a run; none if not everybody gets what has changed. */
  #writeAlone(change: number, place: number): void {
    const { run, writer } = this.list;
    const { items, kinds, masks, next, rows, setStarts, starts } = run;
    const object = this.#objects[change] as ServerObject;
    const { others } = object.layout.audiences;
    if (((kinds[change] as number) & BEGINS_SET) !== 0) {
      run.before = NO_RECORD;
      setStarts[run.setCount++] = place;
    }
    const item = items[change] as number;
    const mask = masks[change] as number;
    const shown = mask & others.latestPlaces;
    const row = place << ROW_BITS;
    const start = writer.bitLength;
    starts[place] = start;
    rows[row + ITEM] = item;
    rows[row + MASK] = mask;
    rows[row + SEEN] = shown;
    rows[row + HEAD] = 0;
    run.change = next[change] as number;
    if (shown === 0) return;
    writeRecordStart(writer, run.before, item, false);
    rows[row + HEAD] = writer.bitLength - start;
    writeLatestMembers(writer, object, shown, others, this.#tick);
    run.before = item;
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
