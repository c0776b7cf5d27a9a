import type { NotifyCallbacks } from "../../message/index.js";
import { NetworkWriter } from "../../serialization/index.js";
import { ROW, SEEN } from "../behaviour/record-run.js";
import { Budget, type BudgetSink } from "../budget/budget.js";
import { UNKNOWN_BYTES } from "../budget/player-marks.js";
import { Journal, type PacketLossSink } from "../journal/journal.js";
import { MAX_START_BITS, writePacketEnd, writePacketStart } from "../wire/latest-format.js";
import { LatestMessage } from "../wire/object-messages.js";
import { WrittenBytes } from "../wire/written-bytes.js";
import { writeLatestRecord } from "./latest-members.js";
import type { ObjectPlayer } from "./object-player.js";
import type { ObjectView } from "./object-view.js";
import type { ServerObject } from "./server-object.js";
import { TickChanges } from "./tick-changes.js";
import type { Viewers } from "./viewers.js";

/** With everything around them, these fit one packet. */
const PACKET_BITS = 1100 * 8;
/** How urgent a marked object is for a player is asked anew about each so many ticks: a power of 2. */
const WEIGHT_TICKS = 16;

/** What became of a packet: the journal knows what it held. */
class PacketToken implements NotifyCallbacks {
  player: ObjectPlayer | null = null;
  number = 0;
  readonly #sender: LatestSender;
  readonly #free: PacketToken[];

  constructor(sender: LatestSender, free: PacketToken[]) {
    this.#sender = sender;
    this.#free = free;
  }

  onDelivered(): void {
    this.#release();
  }

  onLost(): void {
    const player = this.#release();
    if (player) this.#sender.lost(player, this.number);
  }

  #release(): ObjectPlayer | null {
    const { player } = this;
    if (player) this.#free.push(this);
    this.player = null;
    return player;
  }
}

/** Writes latest members `mask` (of the journal) for a player who may not have the object yet. */
export interface UnconfirmedSink {
  latest(view: ObjectView, mask: number): void;
}

/** A packet that several players get. */
interface SharedPacket {
  readonly bytes: WrittenBytes;
  /** The changes that it holds. */
  from: number;
  to: number;
}

/**
 * Sends the latest state: each change once to each player that sees it, within the player's budget. What a lost packet
 * held goes again, with the values of then.
 */
export class LatestSender {
  readonly #journal = new Journal();
  readonly #budget = new Budget();
  readonly #changes = new TickChanges((object, tick) => this.onInterpolated(object, tick));
  readonly #objectOf: (item: number) => ServerObject | undefined;
  readonly #weigh: ((player: ObjectPlayer, object: ServerObject) => number) | null;
  readonly #own = new WrittenBytes();
  /** For sizes. */
  readonly #scratch = new NetworkWriter({ sizeBytes: 2048 });
  readonly #shared: SharedPacket[] = [];
  #sharedCount = 0;
  readonly #freeTokens: PacketToken[] = [];
  /** When nothing has changed for so many ticks, players are told so; `Infinity` where nothing is interpolated. */
  readonly #restTicks: number;
  /** Interpolated members of an object have changed in a tick: the history hears of it. */
  onInterpolated: (object: ServerObject, tick: number) => void = () => {};
  /** The journal's number of the tick's first change. */
  #first = 0;
  #tick = 0;
  /** Whose packet was lost, or whose marked state is sent, and that packet: its number, -1 before it has any. */
  #player: ObjectPlayer | null = null;
  #packet = -1;
  #packets = 0;
  #sent = 0;
  readonly #lossSink: PacketLossSink = {
    sees: (item) => this.#player?.views.has(item) === true,
    mark: (item, mask) => this.#markItem(this.#player as ObjectPlayer, item, mask),
    markAll: () => this.#markAll(this.#player as ObjectPlayer),
  };
  readonly #budgetSink: BudgetSink = {
    bytesOf: (item, mask) => this.#bytesOf(item, mask),
    send: (item, mask) => this.#sendItem(item, mask),
  };

  constructor(
    objectOf: (item: number) => ServerObject | undefined,
    weigh: ((player: ObjectPlayer, object: ServerObject) => number) | null,
    restTicks: number,
  ) {
    this.#restTicks = restTicks;
    this.#objectOf = objectOf;
    this.#weigh = weigh;
  }

  /** Parameters and result are those of `TickChanges.beginTick`. */
  beginTick(tick: number, changed: readonly (ServerObject | undefined)[], count: number): Int32Array {
    this.#tick = tick;
    this.#journal.beginTick(tick);
    this.#first = this.#journal.nextChange;
    this.#sharedCount = 0;
    return this.#changes.beginTick(tick, changed, count);
  }

  /** As `TickChanges.writeRuns`. */
  writeRuns(from: number): number {
    return this.#changes.writeRuns(from);
  }

  /** As `TickChanges.read`. */
  readChanges(end: number): void {
    this.#changes.read(end);
  }

  /** All changes of the tick are known. */
  writeChanges(): void {
    this.#changes.write(this.#journal);
  }

  /** The number of an object that is gone is free for another. */
  forget(item: number): void {
    this.#journal.forget(item);
  }

  lost(player: ObjectPlayer, number: number): void {
    if (!player.isActive) return;
    player.isRestKnown = false;
    const before = this.#player;
    this.#player = player;
    this.#journal.lost(number, this.#lossSink);
    this.#player = before;
  }

  /** The client has the last spawn that it waited for: what has changed since is sent now. */
  confirmed(view: ObjectView): void {
    const mask = view.waitingLatest;
    view.waitingLatest = 0;
    if (mask !== 0) this.#mark(view, mask);
  }

  /** A player gets these members (of the journal) with the next state. */
  refresh(player: ObjectPlayer, item: number, mask: number): void {
    if (player.isActive) this.#markItem(player, item, mask);
  }

  /** Gives `sink` the tick's changes of what the player may not have yet. */
  forUnconfirmed({ specialCount, specialPlaces, specialViews }: ObjectPlayer, sink: UnconfirmedSink): void {
    for (let index = 0; index < specialCount; index++) {
      const view = specialViews[index] as ObjectView;
      if (!view.isConfirmed) sink.latest(view, this.#changes.list.maskOf(specialPlaces[index] as number));
    }
  }

  /** Sends a player its part of this tick, in at most `budgetBytes`. */
  send(player: ObjectPlayer, budgetBytes: number): void {
    this.#send(player, budgetBytes);
    player.clearChanges();
  }

  #send(player: ObjectPlayer, budgetBytes: number): void {
    const shareBytes = budgetBytes + player.savedBytes;
    const bits = this.#bitsOf(player);
    if (player.marks.markedCount === 0 && bits <= shareBytes * 8) {
      player.savedBytes = 0;
      if (bits > 0) this.#sendChanges(player);
      else if (!player.isRestKnown && this.#tick - player.stateTick >= this.#restTicks) this.#sendRest(player);
      return;
    }
    this.#markChanges(player);
    this.#sendMarked(player, shareBytes, budgetBytes);
  }

  /** How many bits the changes are that a player gets. */
  #bitsOf(player: ObjectPlayer): number {
    const { ranges, rangeCount, specialCount, specialPlaces, specialViews } = player;
    const { list } = this.#changes;
    let bits = 0;
    for (let index = 0; index < 2 * rangeCount; index += 2) {
      bits += list.startOf(ranges[index + 1] as number) - list.startOf(ranges[index] as number);
    }
    for (let index = 0; index < specialCount; index++) {
      const place = specialPlaces[index] as number;
      const view = specialViews[index] as ObjectView;
      bits -= list.startOf(place + 1) - list.startOf(place);
      if (view.isConfirmed) bits += this.#sizeOf(view, list.maskOf(place));
      else view.waitingLatest |= list.maskOf(place) & view.audience.latestPlaces;
    }
    return bits;
  }

  #markChanges(player: ObjectPlayer): void {
    const { ranges, rangeCount, specialCount, specialPlaces, specialViews } = player;
    const { list } = this.#changes;
    this.#changes.listForMarks();
    const { bytes } = list;
    const { rows } = list.run;
    const { marks } = player;
    let special = 0;
    for (let index = 0; index < 2 * rangeCount; index += 2) {
      const end = ranges[index + 1] as number;
      for (let place = ranges[index] as number; place < end; place++) {
        const next = special < specialCount ? Math.min(specialPlaces[special] as number, end) : end;
        place = marks.markInOrder(rows, ROW, SEEN, bytes, place, next);
        if (place === end) break;
        if (place === next) {
          this.#mark(specialViews[special++] as ObjectView, list.maskOf(place));
          continue;
        }
        const item = list.itemOf(place);
        const known = marks.count;
        marks.mark(item, list.seenOf(place), this.#tick, bytes[place] as number);
        if (marks.count > known && this.#weigh !== null) this.#weighItem(player, item);
      }
    }
    if (this.#weigh !== null) this.#weighSome(player, this.#weigh);
  }

  /** Asks anew how urgent a part of the marked objects is. */
  #weighSome(player: ObjectPlayer, weigh: (player: ObjectPlayer, object: ServerObject) => number): void {
    const { marks } = player;
    for (let place = this.#tick & (WEIGHT_TICKS - 1); place < marks.count; place += WEIGHT_TICKS) {
      const object = this.#objectOf(marks.items[place] as number);
      if (object) marks.setWeightAt(place, weigh(player, object));
    }
  }

  #markItem(player: ObjectPlayer, item: number, mask: number): void {
    const view = player.views.get(item);
    if (view) this.#mark(view, mask);
  }

  #mark(view: ObjectView, changed: number): void {
    const { audience, object, player } = view;
    const mask = changed & audience.latestPlaces;
    if (mask === 0) return;
    if (!view.isConfirmed) {
      view.waitingLatest |= mask;
      return;
    }
    player.marks.mark(object.item, mask, this.#tick, UNKNOWN_BYTES);
    if (this.#weigh) this.#weighItem(player, object.item);
  }

  #markAll(player: ObjectPlayer): void {
    for (const view of player.views.values()) this.#mark(view, view.object.layout.allLatest);
  }

  #weighItem(player: ObjectPlayer, item: number): void {
    const object = this.#objectOf(item);
    if (object && this.#weigh) player.marks.setWeight(item, this.#weigh(player, object));
  }

  /** Says that nothing has changed. Without it a client would go on as before, and not know when a rest has ended. */
  #sendRest(player: ObjectPlayer): void {
    player.isRestKnown = true;
    this.#begin(player);
    this.#sendPacket(player, this.#beginPacket(player, 0, 0), 1);
  }

  /** Sends the changes of this tick, all that the player sees, in packets of consecutive ones. */
  #sendChanges(player: ObjectPlayer): void {
    const { set, specialCount } = player;
    if (set && specialCount === 0 && this.#silentTicks(player) <= 0) this.#sendShared(player, set);
    else this.#sendOwn(player);
    this.#sentState(player);
  }

  /** Sends a player who sees what others see the packets that they get. */
  #sendShared(player: ObjectPlayer, set: Viewers): void {
    if (set.firstPacket === set.lastPacket) this.#share(set);
    for (let index = set.firstPacket; index < set.lastPacket; index++) {
      const { bytes, from, to } = this.#shared[index] as SharedPacket;
      this.#take(player, bytes, this.#beginPacket(player, from, to));
    }
  }

  #share(set: Viewers): void {
    set.firstPacket = this.#sharedCount;
    for (let place = set.start; place < set.end; ) {
      const index = this.#sharedCount++;
      this.#shared[index] ??= { bytes: new WrittenBytes(), from: 0, to: 0 };
      const packet = this.#shared[index] as SharedPacket;
      const { writer } = packet.bytes;
      writer.reset();
      writePacketStart(writer, this.#tick, 0);
      packet.from = place;
      packet.to = place = this.#changes.copy(writer, place, set.end, PACKET_BITS);
      writePacketEnd(writer, place < set.end ? 0 : this.#sharedCount - set.firstPacket);
    }
    set.lastPacket = this.#sharedCount;
  }

  /** Sends a player its changes in packets of its own. */
  #sendOwn(player: ObjectPlayer): void {
    const { ranges, rangeCount, specialCount, specialPlaces, specialViews } = player;
    const { list } = this.#changes;
    const writer = this.#begin(player);
    let from = ranges[0] as number;
    let to = from;
    let count = 1;
    let special = 0;
    for (let index = 0; index < 2 * rangeCount; index += 2) {
      const end = ranges[index + 1] as number;
      for (let place = ranges[index] as number; place < end; ) {
        const next = special < specialCount ? (specialPlaces[special] as number) : end;
        const before = place;
        if (next === place) {
          const view = specialViews[special] as ObjectView;
          if (!view.isConfirmed || this.#append(writer, view, list.maskOf(place))) {
            special++;
            place++;
          }
        } else place = this.#changes.copy(writer, place, Math.min(next, end), PACKET_BITS);
        // There was no room for more.
        if (place === before || (place < end && place < next)) {
          this.#sendPacket(player, this.#beginPacket(player, from, place), 0);
          from = place;
          count++;
          this.#begin(player);
        }
        to = place;
      }
    }
    this.#sendPacket(player, this.#beginPacket(player, from, to), count);
  }

  /** Writes a record for one player. @returns whether there was room, which there is in an empty packet */
  #append(writer: NetworkWriter, view: ObjectView, mask: number): boolean {
    const before = writer.bitLength;
    if ((mask & view.audience.latestPlaces) !== 0) writeLatestRecord(writer, view, mask, this.#tick);
    if (writer.bitLength <= PACKET_BITS || before <= MAX_START_BITS) return true;
    writer.truncate(before);
    return false;
  }

  #sentState(player: ObjectPlayer): void {
    player.isRestKnown = false;
    player.stateTick = this.#tick;
  }

  #sendMarked(player: ObjectPlayer, shareBytes: number, budgetBytes: number): void {
    this.#begin(player);
    this.#player = player;
    this.#packet = -1;
    this.#packets = 1;
    this.#sent = 0;
    const { marks } = player;
    const used = this.#budget.send(marks, this.#tick, shareBytes, this.#budgetSink);
    this.#player = null;
    const isAll = marks.markedCount === 0;
    if (this.#packet >= 0) this.#sendPacket(player, this.#packet, isAll ? this.#packets : 0);
    this.#sentState(player);
    player.savedBytes = isAll ? 0 : Math.min(shareBytes - used, budgetBytes + PACKET_BITS / 8);
    if (this.#sent > 0) player.savedBytes = Math.min(player.savedBytes, budgetBytes);
  }

  /** How many bytes the marked members of an object take. */
  #bytesOf(item: number, mask: number): number {
    const view = this.#player?.views.get(item);
    return view ? (this.#sizeOf(view, mask) + 7) >>> 3 : 0;
  }

  #sendItem(item: number, mask: number): void {
    const player = this.#player as ObjectPlayer;
    if (this.#packet < 0) this.#packet = this.#beginPacket(player, 0, 0);
    if (!this.#appendItem(player, item, mask)) {
      this.#sendPacket(player, this.#packet, 0);
      this.#packets++;
      this.#begin(player);
      this.#packet = this.#beginPacket(player, 0, 0);
      this.#appendItem(player, item, mask);
    }
    this.#journal.resend(item, mask);
    this.#sent++;
  }

  /** Writes marked members. @returns whether there was room */
  #appendItem(player: ObjectPlayer, item: number, mask: number): boolean {
    const { writer } = this.#own;
    if (player.special.size === 0 || !player.special.has(item)) {
      const place = this.#changes.placeOf(item);
      if (place >= 0 && this.#changes.list.seenOf(place) === mask) {
        return this.#changes.copy(writer, place, place + 1, PACKET_BITS) > place;
      }
    }
    const view = player.views.get(item);
    return !view || this.#append(writer, view, mask);
  }

  #beginPacket(player: ObjectPlayer, from: number, to: number): number {
    return this.#journal.beginPacket(player.index, (this.#first + from) | 0, (this.#first + to) | 0);
  }

  /** In how many ticks before this one the player got nothing. */
  #silentTicks({ stateTick }: ObjectPlayer): number {
    return (this.#tick - stateTick - 1) | 0;
  }

  #begin(player: ObjectPlayer): NetworkWriter {
    const { writer } = this.#own;
    writer.reset();
    writePacketStart(writer, this.#tick, this.#silentTicks(player));
    return writer;
  }

  /** @param count of how many packets with all the state of the tick it is the last, 0 if it is not */
  #sendPacket(player: ObjectPlayer, number: number, count: number): void {
    writePacketEnd(this.#own.writer, count);
    this.#take(player, this.#own, number);
  }

  #take(player: ObjectPlayer, bytes: WrittenBytes, number: number): void {
    const token = this.#freeTokens.pop() ?? new PacketToken(this, this.#freeTokens);
    token.player = player;
    token.number = number;
    if (!player.player.sendNotify(LatestMessage, bytes.view(), token)) token.onLost();
  }

  /** The bits of a record for one player, at most. */
  #sizeOf(view: ObjectView, mask: number): number {
    const scratch = this.#scratch;
    scratch.reset();
    writeLatestRecord(scratch, view, mask, this.#tick);
    return scratch.bitLength;
  }
}
