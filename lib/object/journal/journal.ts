import { grownInts } from "../collections/int-array.js";
import { isBefore, RecordRing } from "../collections/record-ring.js";

/** How many ticks the journal remembers. */
export const JOURNAL_TICKS = 64;

/** What the journal asks and tells about the player that lost a packet. */
export interface PacketLossSink {
  /** Whether the player sees the object `item` now. */
  sees(item: number): boolean;
  /** The members `mask` of `item` have to be sent to the player again. */
  mark(item: number, mask: number): void;
  /** Nobody knows any more what the packet held: all that the player sees has to be sent again. */
  markAll(): void;
}

/** The integers of a change, and of what was resent: the object, which of those with its number, the members. */
const ITEM = 0;
const GENERATION = 1;
const MASK = 2;
/** How many changes before this one the object's previous change is. */
const PREVIOUS = 3;
const WIDTH = 4;

/** The integers of a packet: the player, its part of the changes, its part of what was resent. */
const PLAYER = 0;
const FROM = 1;
const TO = 2;
const RESENT_FROM = 3;
const RESENT_TO = 4;
/** The end of the tick's changes. */
const TICK_END = 5;
/** The player's next packet is that many packets later; 0 without. */
const NEXT = 6;

/**
 * What changed in the last 64 ticks, once for all players, and which part of it each packet held. It finds what a lost
 * packet held, and leaves out what the player gets anyway: members that have changed since, and those that a later
 * packet to it repeated. An object is a small integer here (`item`), its members are bits of an int32 (`mask`).
 *
 * A tick: `beginTick`, a `change` for each changed object, then for each packet `beginPacket` and its `resend`s.
 * Whoever sees a changed object must either get it in a packet of that tick, or keep it marked for a later one.
 */
export class Journal {
  readonly #changes = new RecordRing(WIDTH);
  readonly #resent = new RecordRing(3);
  readonly #packets = new RecordRing(7);
  /** Where the records of a tick start, by `tick % 64`. */
  readonly #tickStarts = new Int32Array(3 * JOURNAL_TICKS);
  #tick = -JOURNAL_TICKS;
  readonly #one = new Int32Array(2);
  /** The changes before this number are chained, or forgotten. */
  #chained = 0;
  /** The number of each object's last change. */
  #lastOf = new Int32Array(0);
  /** How often each number was given to another object. */
  #generations = new Int32Array(0);
  /** The last packet of each player. */
  #lastPacketOf = new Int32Array(0);
  /** Of each object the members that later packets repeat, valid where `#repeatedIn` equals `#search`. */
  #repeated = new Int32Array(0);
  #repeatedIn = new Int32Array(0);
  #search = 0;

  /** The number of the next change: the changes of a tick have consecutive ones. */
  get nextChange(): number {
    return this.#changes.end;
  }

  /** A tick begins (u32). What is older than 64 ticks is forgotten. */
  beginTick(tick: number): void {
    const steps = Math.min((tick - this.#tick) >>> 0, JOURNAL_TICKS);
    const starts = this.#tickStarts;
    for (let step = 0; step < steps; step++) {
      const at = 3 * ((tick - step) & (JOURNAL_TICKS - 1));
      starts[at] = this.#changes.end;
      starts[at + 1] = this.#resent.end;
      starts[at + 2] = this.#packets.end;
    }
    this.#tick = tick;
    const oldest = 3 * ((tick + 1) & (JOURNAL_TICKS - 1));
    const first = starts[oldest] as number;
    this.#changes.release(first);
    if (isBefore(this.#chained, first)) this.#chained = first;
    this.#resent.release(starts[oldest + 1] as number);
    this.#packets.release(starts[oldest + 2] as number);
  }

  /** The members `mask` of `item` changed in this tick. */
  change(item: number, mask: number): void {
    this.#one[0] = item;
    this.#one[1] = mask;
    this.addChanges(this.#one, 2, 1);
  }

  /** Adds `count` changes. Of each, `list` has the object and its members, `width` integers behind those of another. */
  addChanges(list: Int32Array, width: number, count: number): void {
    let at = this.#changes.add(count);
    const { data } = this.#changes;
    for (let from = 0; from < count * width; from += width) {
      data[at + ITEM] = list[from] as number;
      data[at + MASK] = list[from + 1] as number;
      at += WIDTH;
      if (at === data.length) at = 0;
    }
  }

  /** Chains each change to the one before it of the same object. Only losses ask, so it waits for one. */
  #chain(): void {
    const { data, end } = this.#changes;
    let lastOf = this.#lastOf;
    let generations = this.#generations;
    for (let number = this.#chained; number !== end; number = (number + 1) | 0) {
      const at = this.#changes.place(number);
      const item = data[at + ITEM] as number;
      if (item >= lastOf.length) {
        this.#reserve(item);
        lastOf = this.#lastOf;
        generations = this.#generations;
      }
      data[at + GENERATION] = generations[item] as number;
      data[at + PREVIOUS] = number - (lastOf[item] as number);
      lastOf[item] = number;
    }
    this.#chained = end;
  }

  /** `item` names another object from now on: nothing that was sent of the old one is marked. */
  forget(item: number): void {
    this.#chain();
    this.#reserve(item);
    (this.#generations[item] as number)++;
  }

  /**
   * A packet to `player` (a small integer) holds the changes from number `from` to before `to`, as far as the player
   * sees their objects. Returns the packet's number for `lost`.
   */
  beginPacket(player: number, from: number, to: number): number {
    this.#lastPacketOf = grownInts(this.#lastPacketOf, player + 1);
    const packets = this.#packets;
    const number = packets.end;
    const at = packets.add();
    const { data } = packets;
    data[at + PLAYER] = player;
    data[at + FROM] = from;
    data[at + TO] = to;
    data[at + RESENT_FROM] = data[at + RESENT_TO] = this.#resent.end;
    data[at + TICK_END] = this.#changes.end;
    data[at + NEXT] = 0;
    const previous = this.#lastPacketOf[player] as number;
    if (previous !== number && packets.has(previous)) {
      const place = packets.place(previous);
      if (data[place + PLAYER] === player) data[place + NEXT] = number - previous;
    }
    this.#lastPacketOf[player] = number;
    return number;
  }

  /** The packet that was begun last also holds these members, which did not change in this tick. */
  resend(item: number, mask: number): void {
    this.#reserve(item);
    const at = this.#resent.add();
    const { data } = this.#resent;
    data[at + ITEM] = item;
    data[at + GENERATION] = this.#generations[item] as number;
    data[at + MASK] = mask;
    this.#packets.data[this.#packets.place(this.#packets.end - 1) + RESENT_TO] = this.#resent.end;
  }

  /** The packet `number` was lost: what it held, and nothing later to the same player has, is marked. */
  lost(number: number, sink: PacketLossSink): void {
    const packets = this.#packets;
    if (!packets.has(number)) {
      sink.markAll();
      return;
    }
    this.#chain();
    const { data } = packets;
    const at = packets.place(number);
    const tickEnd = data[at + TICK_END] as number;
    const isRepeated = this.#collectRepeated(number);
    this.#markRange(this.#changes, data[at + FROM] as number, data[at + TO] as number, tickEnd, isRepeated, sink);
    const resentTo = data[at + RESENT_TO] as number;
    this.#markRange(this.#resent, data[at + RESENT_FROM] as number, resentTo, tickEnd, isRepeated, sink);
  }

  #markRange(
    records: RecordRing,
    from: number,
    to: number,
    tickEnd: number,
    isRepeated: boolean,
    sink: PacketLossSink,
  ): void {
    const { data } = records;
    for (let number = from; number !== to; number = (number + 1) | 0) {
      const place = records.place(number);
      const item = data[place + ITEM] as number;
      if (data[place + GENERATION] !== this.#generations[item] || !sink.sees(item)) continue;
      let mask = data[place + MASK] as number;
      if (isRepeated && this.#repeatedIn[item] === this.#search) mask &= ~(this.#repeated[item] as number);
      if (mask !== 0) mask = this.#withoutNewer(item, mask, tickEnd);
      if (mask !== 0) sink.mark(item, mask);
    }
  }

  /** The part of `members` that has not changed since the change `tickEnd`. */
  #withoutNewer(item: number, members: number, tickEnd: number): number {
    const changes = this.#changes;
    const { data } = changes;
    let mask = members;
    let number = this.#lastOf[item] as number;
    while (mask !== 0 && changes.has(number) && !isBefore(number, tickEnd)) {
      const place = changes.place(number);
      // An object that has not changed for 2^32 changes: the number is another's by now.
      if (data[place + ITEM] !== item) break;
      mask &= ~(data[place + MASK] as number);
      number = (number - (data[place + PREVIOUS] as number)) | 0;
    }
    return mask;
  }

  /** Collects what the later packets of the same player repeated. Returns whether that is anything. */
  #collectRepeated(number: number): boolean {
    const packets = this.#packets.data;
    const { data } = this.#resent;
    this.#search = (this.#search + 1) | 0;
    let found = false;
    let next = number;
    for (let at = this.#packets.place(number); packets[at + NEXT] !== 0; ) {
      next = (next + (packets[at + NEXT] as number)) | 0;
      at = this.#packets.place(next);
      const to = packets[at + RESENT_TO] as number;
      for (let index = packets[at + RESENT_FROM] as number; index !== to; index = (index + 1) | 0) {
        const place = this.#resent.place(index);
        const item = data[place + ITEM] as number;
        if (data[place + GENERATION] !== this.#generations[item]) continue;
        const before = this.#repeatedIn[item] === this.#search ? (this.#repeated[item] as number) : 0;
        this.#repeated[item] = before | (data[place + MASK] as number);
        this.#repeatedIn[item] = this.#search;
        found = true;
      }
    }
    return found;
  }

  #reserve(item: number): void {
    if (item < this.#lastOf.length) return;
    this.#lastOf = grownInts(this.#lastOf, item + 1);
    this.#generations = grownInts(this.#generations, item + 1);
    this.#repeated = grownInts(this.#repeated, item + 1);
    this.#repeatedIn = grownInts(this.#repeatedIn, item + 1);
  }
}
