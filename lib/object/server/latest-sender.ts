import type { NotifyCallbacks } from "../../message/index.js";
import { NetworkWriter } from "../../serialization/index.js";
import { writeChanges, writeMask } from "../behaviour/identity-state.js";
import { Budget } from "../budget/budget.js";
import { Journal, type PacketLossSink } from "../journal/journal.js";
import type { ObjectAudience } from "../wire/object-audience.js";
import { LatestMessage, SILENT_BITS, TELEPORT_BITS, writePacketEnd } from "../wire/object-messages.js";
import type { ObjectPlayer } from "./object-player.js";
import type { ObjectView } from "./object-view.js";
import type { ServerObject } from "./server-object.js";

/** With everything around them, these fit one packet. */
const PACKET_BYTES = 1100;
const MAX_TELEPORT_TICKS = 1 << TELEPORT_BITS;

/** What became of a packet: the journal knows what it held. */
class PacketToken implements NotifyCallbacks {
  constructor(
    readonly sender: LatestSender,
    readonly player: ObjectPlayer,
    readonly number: number,
  ) {}

  onDelivered(): void {}

  onLost(): void {
    this.sender.lost(this.player, this.number);
  }
}

/**
 * Sends the latest state: each change once to each player that sees it, within the player's budget. What a lost packet
 * held goes again, with the values of then.
 */
export class LatestSender {
  readonly #journal = new Journal();
  readonly #budget = new Budget();
  readonly #objectOf: (item: number) => ServerObject | undefined;
  readonly #weigh: ((player: ObjectPlayer, object: ServerObject) => number) | null;
  readonly #writer = new NetworkWriter({ sizeBytes: 2048 });
  /** The changes of this tick for players who do not own the object, one behind the other. */
  readonly #shared = new NetworkWriter({ sizeBytes: 4096, maxBytes: 16_000_000 });
  readonly #changed: ServerObject[] = [];
  readonly #masks: number[] = [];
  readonly #starts: number[] = [];
  readonly #scratch: number[] = [];
  /** When nothing has changed for so many ticks, players are told so; `Infinity` where nothing is interpolated. */
  readonly #restTicks: number;
  /** Interpolated members of an object have changed in a tick: the history hears of it. */
  onInterpolated: (object: ServerObject, tick: number) => void = () => {};
  #first = 0;
  #tick = 0;

  constructor(
    objectOf: (item: number) => ServerObject | undefined,
    weigh: ((player: ObjectPlayer, object: ServerObject) => number) | null,
    restTicks: number,
  ) {
    this.#restTicks = restTicks;
    this.#objectOf = objectOf;
    this.#weigh = weigh;
  }

  beginTick(tick: number): void {
    this.#tick = tick;
    this.#journal.beginTick(tick);
    this.#first = this.#journal.nextChange;
    this.#changed.length = this.#masks.length = this.#starts.length = 0;
    this.#shared.reset();
  }

  /** The latest members `mask` (of the journal) of an object have changed. */
  change(object: ServerObject, mask: number): void {
    this.#journal.change(object.item, mask);
    if ((mask & object.layout.interpolatedPlaces) !== 0) this.onInterpolated(object, this.#tick);
    this.#changed.push(object);
    this.#masks.push(mask);
    for (let index = 0; index < object.views.length; index++) {
      const { player } = object.views[index] as ObjectView;
      player.changes[player.changeCount++] = this.#changed.length - 1;
    }
    this.#starts.push(this.#shared.bitLength);
    this.#writeRecord(this.#shared, object, mask, object.layout.audiences.others);
  }

  /** The number of an object that is gone is free for another. */
  forget(item: number): void {
    this.#journal.forget(item);
  }

  lost(player: ObjectPlayer, number: number): void {
    if (!player.isActive) return;
    player.isRestKnown = false;
    this.#journal.lost(number, {
      sees: (item) => player.views.has(item),
      mark: (item, mask) => this.#mark(player, item, mask),
      markAll: () => {
        for (const item of player.views.keys()) {
          const mask = this.#objectOf(item)?.layout.allLatest ?? 0;
          if (mask !== 0) this.#mark(player, item, mask);
        }
      },
    } satisfies PacketLossSink);
  }

  /** The client has the spawn of `item`: what has changed since is sent now. */
  confirmed(player: ObjectPlayer, item: number): void {
    const view = player.views.get(item);
    if (!view || view.waitingLatest === 0) return;
    const mask = view.waitingLatest;
    view.waitingLatest = 0;
    this.#mark(player, item, mask);
  }

  /** A player gets these members (of the journal) with the next state. */
  refresh(player: ObjectPlayer, item: number, mask: number): void {
    if (player.isActive && player.views.has(item)) this.#mark(player, item, mask);
  }

  /** Sends a player its part of this tick, in at most `budgetBytes`. */
  send(player: ObjectPlayer, budgetBytes: number): void {
    this.#send(player, budgetBytes);
    player.changeCount = 0;
  }

  #send(player: ObjectPlayer, budgetBytes: number): void {
    const { changes, changeCount } = player;
    const shareBytes = budgetBytes + player.savedBytes;
    let bits = 0;
    for (let at = 0; at < changeCount; at++) {
      const index = changes[at] as number;
      const view = player.views.get((this.#changed[index] as ServerObject).item);
      if (!view) continue;
      if ((view.audience.latestPlaces & (this.#masks[index] as number)) === 0) continue;
      if (view.spawnBatch > player.appliedBatches) view.waitingLatest |= this.#masks[index] as number;
      else bits += this.#endOf(index) - (this.#starts[index] as number);
    }
    if (player.marks.markedCount === 0 && bits <= shareBytes * 8) {
      player.savedBytes = 0;
      if (bits > 0) this.#sendChanges(player);
      else if (!player.isRestKnown && this.#tick - player.stateTick >= this.#restTicks) this.#sendRest(player);
      return;
    }
    for (let at = 0; at < changeCount; at++) {
      const index = changes[at] as number;
      const { item } = this.#changed[index] as ServerObject;
      const view = player.views.get(item);
      if (!view || view.spawnBatch > player.appliedBatches) continue;
      this.#mark(player, item, this.#masks[index] as number);
    }
    this.#sendMarked(player, shareBytes, budgetBytes);
  }

  #mark(player: ObjectPlayer, item: number, changed: number): void {
    const view = player.views.get(item);
    if (!view) return;
    const mask = changed & view.audience.latestPlaces;
    if (mask === 0) return;
    if (view.spawnBatch > player.appliedBatches) {
      view.waitingLatest |= mask;
      return;
    }
    player.marks.mark(item, mask, this.#tick);
    if (this.#weigh) player.marks.setWeight(item, this.#weigh(player, view.object));
  }

  /** Says that nothing has changed. Without it a client would go on as before, and not know when a rest has ended. */
  #sendRest(player: ObjectPlayer): void {
    player.isRestKnown = true;
    this.#begin(player);
    this.#sendPacket(player, this.#packet(player, this.#changed.length, this.#changed.length), 1);
  }

  /** Sends the changes of this tick, all that the player sees, in packets of consecutive ones. */
  #sendChanges(player: ObjectPlayer): void {
    const writer = this.#begin(player);
    let from = 0;
    let records = 0;
    let count = 1;
    const { changes, changeCount } = player;
    for (let at = 0; at < changeCount; at++) {
      const index = changes[at] as number;
      const object = this.#changed[index] as ServerObject;
      const view = player.views.get(object.item);
      if (!view || view.spawnBatch > player.appliedBatches) continue;
      const mask = this.#masks[index] as number;
      if ((view.audience.latestPlaces & mask) === 0) continue;
      const start = this.#starts[index] as number;
      const bits = this.#endOf(index) - start;
      if (records > 0 && writer.bitLength + bits > PACKET_BYTES * 8) {
        this.#sendPacket(player, this.#packet(player, from, index), 0);
        from = index;
        records = 0;
        count++;
        this.#begin(player);
      }
      const before = writer.bitLength;
      if (view.audience === object.layout.audiences.others) writer.copyFrom(this.#shared, start, bits);
      else this.#writeRecord(writer, object, mask, view.audience, player.isShared);
      if (writer.bitLength > before) records++;
    }
    this.#sendPacket(player, this.#packet(player, from, this.#changed.length), count);
    this.#sentState(player);
  }

  #sentState(player: ObjectPlayer): void {
    player.isRestKnown = false;
    player.stateTick = this.#tick;
  }

  #sendMarked(player: ObjectPlayer, shareBytes: number, budgetBytes: number): void {
    const writer = this.#begin(player);
    let packet = -1;
    let count = 1;
    let sent = 0;
    const used = this.#budget.send(player.marks, this.#tick, shareBytes, {
      bytesOf: (item, mask) => {
        const view = player.views.get(item);
        return view ? Math.ceil(this.#sizeOf(view, mask) / 8) : 0;
      },
      send: (item, mask) => {
        const view = player.views.get(item);
        if (!view) return;
        const bits = this.#sizeOf(view, mask);
        if (packet >= 0 && writer.bitLength + bits > PACKET_BYTES * 8) {
          this.#sendPacket(player, packet, 0);
          packet = -1;
          count++;
          this.#begin(player);
        }
        if (packet < 0) packet = this.#packet(player, this.#changed.length, this.#changed.length);
        this.#writeRecord(writer, view.object, mask, view.audience, player.isShared);
        this.#journal.resend(item, mask);
        sent++;
      },
    });
    if (packet >= 0) this.#sendPacket(player, packet, player.marks.markedCount === 0 ? count : 0);
    this.#sentState(player);
    player.savedBytes = player.marks.markedCount === 0 ? 0 : Math.min(shareBytes - used, budgetBytes + PACKET_BYTES);
    if (sent > 0) player.savedBytes = Math.min(player.savedBytes, budgetBytes);
  }

  #packet(player: ObjectPlayer, from: number, to: number): number {
    return this.#journal.beginPacket(player.index, (this.#first + from) | 0, (this.#first + to) | 0);
  }

  #begin(player: ObjectPlayer): NetworkWriter {
    const writer = this.#writer;
    writer.reset();
    writer.writeUint32(this.#tick);
    const silentTicks = (this.#tick - player.stateTick - 1) | 0;
    writer.writeBoolean(silentTicks > 0);
    if (silentTicks > 0) writer.writeBits(Math.min(silentTicks, (1 << SILENT_BITS) - 1), SILENT_BITS);
    return writer;
  }

  /** @param count of how many packets with all the state of the tick it is the last, 0 if it is not */
  #sendPacket(player: ObjectPlayer, number: number, count: number): void {
    const writer = this.#writer;
    writePacketEnd(writer, count);
    const token = new PacketToken(this, player, number);
    if (!player.player.sendNotify(LatestMessage, writer.view(), token)) token.onLost();
  }

  #writeTeleport(writer: NetworkWriter, object: ServerObject): void {
    const ticks = object.teleportTick === null ? MAX_TELEPORT_TICKS : (this.#tick - object.teleportTick) | 0;
    if (ticks >= MAX_TELEPORT_TICKS) object.teleportTick = null;
    writer.writeBoolean(object.teleportTick !== null);
    if (object.teleportTick !== null) writer.writeBits(ticks, TELEPORT_BITS);
  }

  #endOf(index: number): number {
    return this.#starts[index + 1] ?? this.#shared.bitLength;
  }

  #sizeOf({ audience, object, player }: ObjectView, mask: number): number {
    const shared = this.#shared;
    const start = shared.bitLength;
    this.#writeRecord(shared, object, mask, audience, player.isShared);
    const bits = shared.bitLength - start;
    shared.truncate(start);
    return bits;
  }

  #writeRecord(
    writer: NetworkWriter,
    object: ServerObject,
    mask: number,
    audience: ObjectAudience,
    isShared = false,
  ): void {
    const { layout, item, values } = object;
    const { granted, isOwner, latest } = audience;
    const masks = this.#scratch;
    layout.fromJournal(mask, masks);
    // Who shares the instances has set nothing in others.
    if (isOwner && !isShared) {
      for (let index = 0; index < masks.length; index++) {
        const own = (layout.fromOwnerOnly[index] as number) | (object.setByOwner[index] as number);
        (masks[index] as number) &= ~own;
      }
      const { control } = object;
      if (control?.player.player === object.owner) (masks[control.index] as number) &= ~control.mask;
      // What is left may be nothing.
      if (!masks.some(Boolean)) return;
    }
    writer.writeBits(isOwner ? 3 : 1, 2);
    writer.writePacked(item);
    if (layout.hasScopedLatest) {
      for (const [index, may] of layout.scopedLatest.entries()) writeMask(writer, granted[index] as number, may);
    }
    if (layout.interpolated.length > 0) this.#writeTeleport(writer, object);
    writeChanges(writer, values, masks, latest);
  }
}
