import type { Clock } from "../../clock.js";
import { TokenBucket } from "../../guard/token-bucket.js";
import type { WatcherSight } from "../../message/extension.js";
import { Channel, type INetworkPlayer } from "../../message/index.js";
import { NetworkWriter } from "../../serialization/index.js";
import { PlayerMarks } from "../budget/player-marks.js";
import { grownInts } from "../collections/int-array.js";
import type { InputBuffer } from "../input/input-buffer.js";
import type { DefinedPrediction } from "../prediction/defined-prediction.js";
import { HISTORY_TICKS } from "../rewind/history.js";
import type { WireLayouts } from "../wire/layouts.js";
import type { Masks } from "../wire/object-layout.js";
import { KIND_BITS, OrderedMessage, RecordKind } from "../wire/object-messages.js";
import { bytesToSend } from "../wire/written-bytes.js";
import type { ObjectView } from "./object-view.js";
import type { PlayerControl } from "./player-control.js";
import type { PlayerStanding } from "./player-standing.js";
import type { ServerObject } from "./server-object.js";
import type { Viewers } from "./viewers.js";

/** A message of records is sent when it has so many bytes. */
const BATCH_BYTES = 16_384;
/** What may wait for a player whose reliable queue is full. */
const MAX_WAITING_BYTES = 4_194_304;
/** While more than this waits on the lane, changes of ordered state wait as marks. */
const MAX_QUEUED_BYTES = 65_536;

/** So many spawns a player may ask for once more at a time, and then one a second. */
const SPAWNS_AGAIN = 64;

/** What the object layer of a server keeps for each player. */
export class ObjectPlayer {
  readonly player: INetworkPlayer;
  readonly index: number;
  /** What its program has, too. */
  readonly layouts: WireLayouts;
  /** Whether it is ready, and gets the world. */
  isActive = true;
  /** Its number of ordered messages that the client has applied. Infinity for a watcher: nothing is on its way. */
  appliedBatches: number;
  /** By item. */
  readonly views = new Map<number, ObjectView>();
  /** What it does not see any more but may still be shown, and since which tick. */
  readonly lostViews = new Map<ObjectView, number>();
  /** Objects that it sees now and that are to be spawned in this tick. */
  readonly entering = new Set<ServerObject>();
  /** The views that do not get what is written for all, by item, and those that wait for a message to be applied. */
  readonly special = new Map<number, ObjectView>();
  unconfirmed: ObjectView[] = [];
  /** The tick's changes that it sees: pairs of the first place and the one behind the last. */
  ranges: Int32Array<ArrayBuffer> = new Int32Array(0);
  rangeCount = 0;
  /** Who sees the same ones, if that is the case for all of them. */
  set: Viewers | null = null;
  /** The changes of special views among them, in the order of their places. */
  readonly specialPlaces: number[] = [];
  readonly specialViews: (ObjectView | undefined)[] = [];
  specialCount = 0;
  /** What is to be sent as latest state again. */
  readonly marks = new PlayerMarks();
  /** Ordered members that changed while its queue was full, by object. */
  readonly heldOrdered = new Map<ServerObject, Masks>();
  readonly standing: PlayerStanding;
  /** What it controls. */
  control: PlayerControl | null = null;
  /** Its newest input when it ceased to control something (u32): older ones begin no new control. */
  endedTick: number | null = null;
  /** Its inputs, by what it has controlled. */
  readonly inputs = new Map<DefinedPrediction, InputBuffer<unknown>>();
  /** How many objects of its steps it was sent (u16). */
  stepSpawns = 0;
  /** The tick up to which it controlled something, as it says, until it is told that no more spawns of that come. */
  endOfControl: number | null = null;
  /** Bytes of latest state that it may get and has not used: grows while an object is larger than a tick's share. */
  savedBytes = 0;
  isInitial = true;
  /** The tick that it showed when it sent what is handled now, as it says; null where it shows what has arrived. */
  viewTick: number | null = null;
  /** How many ticks what is handled now has waited at most: one for the server to look, and inputs for their tick. */
  waitedTicks = 1;
  /** The last tick in which it got latest state, or not all that it should. */
  stateTick = 0;
  /** Whether it has been told that nothing has changed since. */
  isRestKnown = true;
  /** How often it may ask for a spawn once more. */
  readonly spawnsAgain: TokenBucket;
  /** Whether it is the client in this process and uses the server's instances. */
  readonly isShared: boolean;
  /** Whether it is no player, and sees all objects. */
  readonly isWatcher: boolean;
  /** A watcher: whether it gets what only owners, or only some, may see as well. */
  readonly seesAll: boolean;
  readonly #lane: number;
  readonly #writer = new NetworkWriter({ sizeBytes: 2048, maxBytes: 1_000_000 });
  #sentBatches = 0;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  constructor(
    player: INetworkPlayer,
    standing: PlayerStanding,
    index: number,
    layouts: WireLayouts,
    lane: number,
    isShared: boolean,
    watcher: WatcherSight | null,
    clock: Clock,
  ) {
    this.isWatcher = watcher !== null;
    this.seesAll = watcher?.seesAll === true;
    this.appliedBatches = watcher ? Number.POSITIVE_INFINITY : 0;
    this.standing = standing;
    this.spawnsAgain = new TokenBucket(clock, SPAWNS_AGAIN, 1);
    this.isShared = isShared;
    this.player = player;
    this.index = index;
    this.layouts = layouts;
    this.#lane = lane;
  }

  get character(): ServerObject | null {
    return this.standing.character;
  }

  /** Whether its program has the prefab of the object. */
  knows({ layout }: ServerObject): boolean {
    return this.layouts.of(layout) !== null;
  }

  /** It sees the object from this tick on. */
  enter(object: ServerObject): void {
    if (this.knows(object)) this.entering.add(object);
  }

  /** It sees the changes of a set, which come in order. */
  addChanges(set: Viewers): void {
    const { start, end } = set;
    const at = 2 * this.rangeCount;
    this.set = at === 0 ? set : null;
    if (at > 0 && this.ranges[at - 1] === start) {
      this.ranges[at - 1] = end;
      return;
    }
    if (at === this.ranges.length) this.ranges = grownInts(this.ranges, at + 2);
    this.ranges[at] = start;
    this.ranges[at + 1] = end;
    this.rangeCount++;
  }

  addSpecial(view: ObjectView, place: number): void {
    this.specialViews[this.specialCount] = view;
    this.specialPlaces[this.specialCount++] = place;
  }

  /** It does not see that any more. */
  lost(view: ObjectView, tick: number): void {
    for (const [old, since] of this.lostViews) {
      if (((tick - since) | 0) < HISTORY_TICKS) break;
      this.lostViews.delete(old);
    }
    this.lostViews.set(view, tick);
  }

  /** The tick's changes are sent. */
  clearChanges(): void {
    for (let index = 0; index < this.specialCount; index++) this.specialViews[index] = undefined;
    this.rangeCount = this.specialCount = 0;
    this.set = null;
  }

  addUnconfirmed(view: ObjectView): void {
    if (this.isWatcher) return;
    // A client that confirms nothing must not have those kept that are gone.
    if (this.unconfirmed.length > 2 * this.views.size + 64) {
      this.unconfirmed = this.unconfirmed.filter(({ isRemoved }) => !isRemoved);
    }
    this.unconfirmed.push(view);
  }

  /** The number of the message that the next record goes into. */
  get nextBatch(): number {
    return this.#sentBatches + 1;
  }

  /** Whether ordered state has to wait. */
  get isCongested(): boolean {
    return this.#waiting.length > 0 || (this.player.connection?.queuedBytes(this.#lane) ?? 0) > MAX_QUEUED_BYTES;
  }

  /** Begins a record of ordered state, in the message of this tick. */
  begin(kind: RecordKind, tick: number): NetworkWriter {
    const writer = this.#writer;
    if (writer.byteLength > BATCH_BYTES) this.flush();
    if (writer.bitLength === 0) writer.writeUint32(tick);
    writer.writeBits(kind, KIND_BITS);
    return writer;
  }

  /** The whole world follows. */
  beginWorld(tick: number): void {
    this.begin(RecordKind.Reset, tick);
    if (this.seesAll) this.begin(RecordKind.AllVisible, tick);
  }

  /** What is written by now is of this tick, too. */
  beginTick(tick: number): void {
    if (this.#writer.bitLength > 0) this.#writer.writeBitsAt(0, tick, 32);
  }

  /** Sends the records that were written. */
  flush(): void {
    const writer = this.#writer;
    if (writer.bitLength > 0) {
      writer.writeBits(RecordKind.End, KIND_BITS);
      this.#sentBatches++;
      if (!this.#sendWaiting() || !this.#send(bytesToSend(writer))) {
        this.#waiting.push(writer.toBytes());
        this.#waitingBytes += writer.byteLength;
      }
      writer.reset();
    } else this.#sendWaiting();
    if (this.#waitingBytes > MAX_WAITING_BYTES) {
      this.player.disconnect({ code: 0, text: "The player does not read what it is sent" });
    }
  }

  #sendWaiting(): boolean {
    while (this.#waiting.length > 0) {
      const bytes = this.#waiting[0] as Uint8Array;
      if (!this.#send(bytes)) return false;
      this.#waiting.shift();
      this.#waitingBytes -= bytes.length;
    }
    return true;
  }

  #send(bytes: Uint8Array): boolean {
    return this.player.send(OrderedMessage, bytes, Channel.Reliable, this.#lane);
  }
}
