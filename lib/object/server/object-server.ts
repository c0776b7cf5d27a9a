import { EventHub } from "../../event-hub.js";
import type { INetworkPlayer, NetworkServer } from "../../message/index.js";
import { NetworkError } from "../../network-error.js";
import { secureRandomBytes } from "../../random.js";
import { runAs } from "../behaviour/callback-side.js";
import { writeChanges, writeFullState } from "../behaviour/identity-state.js";
import type { MemberValues } from "../behaviour/member-values.js";
import type { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import { References } from "../behaviour/references.js";
import type { CallOptions, RpcDefinition } from "../behaviour/rpc.js";
import { RecentKeys } from "../collections/recent-keys.js";
import { Reason, Visibility } from "../interest/visibility.js";
import type { Layouts } from "../wire/layouts.js";
import type { ObjectLayout } from "../wire/object-layout.js";
import { RecordKind } from "../wire/object-messages.js";
import { NotedValues } from "../world/noted-values.js";
import { shareWorld } from "../world/shared-world.js";
import { HostShare } from "./host-share.js";
import type { Interest } from "./interest.js";
import { ItemNumbers } from "./item-numbers.js";
import { LatestSender } from "./latest-sender.js";
import { ObjectPlayer } from "./object-player.js";
import { type ObjectOwner, ServerObject } from "./server-object.js";
import type { ServerObjectEvents } from "./server-object-events.js";

/** For so long a client may still send something for an object that is gone. */
const GONE_MS = 10_000;

export interface ObjectServerOptions {
  readonly lane: number;
  readonly maxStateBytesPerSecond: number;
  readonly weight: ((player: INetworkPlayer, object: ServerObject) => number) | null;
}

/** The world of a server, and what each player has of it. */
export class ObjectServer implements ObjectOwner {
  readonly events: EventHub<ServerObjectEvents>;
  readonly visibility = new Visibility();
  readonly layouts: Layouts;
  readonly latest: LatestSender;
  /** By item. */
  readonly objects = new Map<number, ServerObject>();
  readonly byNetId = new Map<number, ServerObject>();
  readonly players = new Map<INetworkPlayer, ObjectPlayer>();
  readonly #byIndex: (ObjectPlayer | undefined)[] = [];
  readonly #server: NetworkServer;
  readonly #interest: Interest;
  readonly #options: ObjectServerOptions;
  readonly report: (error: unknown) => void;
  readonly #items: ItemNumbers;
  /** The objects that have left the world lately. */
  readonly #gone = new RecentKeys(GONE_MS);
  readonly #references = new References(true, (netId, index) => this.byNetId.get(netId)?.parts[index] ?? null);
  #changed: ServerObject[] = [];
  #teleporting: ServerObject[] = [];
  readonly #noted = new NotedValues();
  #lastSentMs = 0;
  /** The last tick of latest state: records written now have values that are newer, and older than the next one's. */
  #sentTick = 0;
  readonly share = new HostShare((object) => this.#end(object));
  /** What runs a call: the calls' runtime. */
  onCall: ObjectOwner["call"] | null = null;
  /** A player does not see the object any more: the calls' runtime hears of it. */
  onHidden: (player: INetworkPlayer, object: ServerObject) => void = () => {};

  constructor(
    server: NetworkServer,
    layouts: Layouts,
    interest: (visibility: Visibility) => Interest,
    options: ObjectServerOptions,
    report: (error: unknown) => void,
  ) {
    this.#server = server;
    shareWorld(server, this.share);
    this.layouts = layouts;
    this.#interest = interest(this.visibility);
    this.#options = options;
    this.report = report;
    this.#items = new ItemNumbers(server.time);
    this.events = new EventHub<ServerObjectEvents>(["spawned", "unspawned", "characterChanged"], report);
    const { weight } = options;
    this.latest = new LatestSender(
      (item) => this.objects.get(item),
      weight && ((player, object) => weight(player.player, object)),
      layouts.restTicks,
    );
  }

  // Life of objects.

  spawn(layout: ObjectLayout, owner: INetworkPlayer | null, init: ((object: ServerObject) => void) | null) {
    if (!this.#server.active)
      throw new NetworkError("ERR_STATE", "The server is not active: start it before you spawn");
    const object = new ServerObject(this, layout, this.#items.take(), this.#newNetId());
    for (const values of object.values) values.references = this.#references;
    try {
      if (init) runAs("server", () => init(object));
    } catch (error) {
      this.#items.release(object.item);
      object.release();
      throw error;
    }
    object.owner = owner;
    object.isSpawned = true;
    for (const values of object.values) values.settle();
    this.#callEach(object, (part) => part.startServer?.());
    this.objects.set(object.item, object);
    this.byNetId.set(object.netId, object);
    this.#references.appeared(object.netId);
    runAs("server", () => this.events.emit("spawned", object));
    if (!object.isSpawned) return object;
    this.#interest.add(object);
    this.#setReason(owner, object, Reason.Owner, true);
    // What `startServer` has set is in the spawn as well.
    this.changed(object);
    object.isListed = true;
    this.#server.requestTick();
    return object;
  }

  destroy(object: ServerObject): void {
    this.#sendOrdered(object);
    const { owner } = object;
    object.isSpawned = false;
    this.objects.delete(object.item);
    this.byNetId.delete(object.netId);
    this.#gone.add(object.netId, this.#server.time.nowMs);
    this.#references.gone(object.netId);
    runAs("server", () => this.events.emit("unspawned", object));
    for (const player of this.players.values()) {
      if (player.character === object) this.setCharacter(player.player, null);
    }
    if (owner) {
      object.owner = null;
      this.#callEach(object, (part) => part.ownerChanged?.(null));
    }
    for (const player of this.players.values()) {
      player.entering.delete(object);
      this.#unspawn(player, object, true);
    }
    this.#interest.remove(object);
    this.visibility.removeItem(object.item);
    this.latest.forget(object.item);
    this.#items.release(object.item);
    if (!this.share.has(object)) this.#end(object);
    this.#server.requestTick();
  }

  #end(object: ServerObject): void {
    this.#callEach(object, (part) => part.stopServer?.());
    object.release();
  }

  setOwner(object: ServerObject, player: INetworkPlayer | null): void {
    const before = object.owner;
    if (before === player) return;
    this.#sendOrdered(object);
    object.owner = player;
    object.ownedUntilMs = this.#server.time.nowMs;
    this.#setReason(before, object, Reason.Owner, false);
    this.#setReason(player, object, Reason.Owner, true);
    this.#writeOwner(before, object);
    this.#writeOwner(player, object);
    this.#callEach(object, (part) => part.ownerChanged?.(player));
    this.#server.requestTick();
  }

  show(object: ServerObject, player: INetworkPlayer): void {
    this.#setReason(player, object, Reason.Hide, false);
    this.#setReason(player, object, Reason.Show, true);
    this.#server.requestTick();
  }

  hide(object: ServerObject, player: INetworkPlayer): void {
    this.#setReason(player, object, Reason.Show, false);
    this.#setReason(player, object, Reason.Hide, true);
    this.#server.requestTick();
  }

  teleport(object: ServerObject): void {
    this.#teleporting.push(object);
  }

  setCharacter(player: INetworkPlayer, object: ServerObject | null): void {
    const of = this.players.get(player);
    if (!of) throw new NetworkError("ERR_STATE", "Only a player that is ready has a character");
    const before = of.character;
    if (before === object) return;
    if (object) {
      if (object.owner !== player) this.setOwner(object, player);
      this.spawnNow(of, object);
    }
    of.character = object;
    of.begin(RecordKind.Character, this.#sentTick).writePacked(object ? object.item + 1 : 0);
    runAs("server", () => this.events.emit("characterChanged", player, object, before));
    this.#server.requestTick();
  }

  observersOf(object: ServerObject): ReadonlySet<INetworkPlayer> {
    const observers = new Set<INetworkPlayer>();
    for (const { player, views } of this.players.values()) if (views.has(object.item)) observers.add(player);
    return observers;
  }

  changed(object: ServerObject): void {
    if (this.#changed.length === 0) this.#server.requestTick();
    this.#changed.push(object);
  }

  noted(values: MemberValues): void {
    if (this.#noted.isEmpty) this.#server.requestTick();
    this.#noted.add(values);
  }

  call(
    object: ServerObject,
    behaviour: object,
    rpc: RpcDefinition,
    args: readonly unknown[],
    options?: CallOptions,
  ): unknown {
    if (this.onCall) return this.onCall(object, behaviour, rpc, args, options);
    throw new NetworkError("ERR_STATE", "This manager runs no calls");
  }

  // Life of players.

  addPlayer(player: INetworkPlayer): void {
    if (this.players.has(player)) return;
    let index = this.#byIndex.indexOf(undefined);
    if (index < 0) index = this.#byIndex.length;
    const added = new ObjectPlayer(player, index, this.#options.lane, player.isHost && this.share.isShared);
    this.#byIndex[index] = added;
    this.players.set(player, added);
    added.begin(RecordKind.Reset, this.#sentTick);
    this.#interest.addPlayer(added);
    for (const object of this.objects.values()) {
      if (object.owner === player) this.visibility.set(index, object.item, Reason.Owner, true);
    }
    this.#server.requestTick();
  }

  /** The player is away or gone. Its objects stay, and nothing is kept for it. */
  removePlayer(player: INetworkPlayer): void {
    const removed = this.players.get(player);
    if (!removed) return;
    removed.isActive = false;
    this.players.delete(player);
    this.#interest.removePlayer(removed);
    this.visibility.removePlayer(removed.index);
    this.#byIndex[removed.index] = undefined;
  }

  /** A player has left for good. */
  playerLeft(player: INetworkPlayer): void {
    this.removePlayer(player);
    for (const object of [...this.objects.values()]) if (object.owner === player) object.setOwner(null);
  }

  /** The client has applied so many ordered messages. */
  applied(player: ObjectPlayer, batches: number): void {
    if (batches <= player.appliedBatches || batches >= player.nextBatch) return;
    const before = player.appliedBatches;
    player.appliedBatches = batches;
    for (const [item, { spawnBatch }] of player.views) {
      if (spawnBatch > before && spawnBatch <= batches) this.latest.confirmed(player, item);
    }
  }

  /** Whether an object of this number has left the world in the last 10 s. */
  isRecentlyGone(netId: number): boolean {
    return this.#gone.has(netId, this.#server.time.nowMs);
  }

  stop(): void {
    this.share.client?.stop();
    for (const object of [...this.objects.values()]) this.destroy(object);
    for (const player of [...this.players.keys()]) this.removePlayer(player);
    this.#changed = [];
    this.#teleporting = [];
    this.#noted.clear();
  }

  // The phases of a tick.

  /** Calls the behaviours' `tick`. */
  tick(dt: number): void {
    for (const object of this.objects.values()) this.#callEach(object, (part) => part.tick?.(dt));
  }

  updateVisibility(): void {
    this.#interest.update();
    this.visibility.takeChanges({
      entered: (index, item) => {
        const object = this.objects.get(item);
        if (object) this.#byIndex[index]?.entering.add(object);
      },
      left: (index, item) => {
        const player = this.#byIndex[index];
        const object = this.objects.get(item);
        if (!player || !object) return;
        player.entering.delete(object);
        this.#unspawn(player, object, false);
      },
    });
  }

  callListeners(): void {
    runAs("server", () => this.#noted.deliver(this.report));
  }

  send(): void {
    const { tick } = this.#server;
    this.latest.beginTick(tick);
    this.#sentTick = tick;
    for (const object of this.#teleporting) object.teleportTick = tick;
    this.#teleporting = [];
    const changed = this.#changed;
    this.#changed = [];
    for (const object of changed) {
      object.isListed = false;
      if (object.isSpawned) this.#sendState(object, tick);
    }
    const budgetBytes = this.#stateBytes();
    for (const player of this.players.values()) {
      this.#sendHeld(player);
      for (const object of player.entering) this.spawnNow(player, object);
      if (player.isInitial) {
        player.isInitial = false;
        player.begin(RecordKind.WorldReady, this.#sentTick);
      }
      player.flush();
      const { connection } = player.player;
      this.latest.send(player, Math.min(budgetBytes, connection?.sendBudget.bytesFree ?? 0));
    }
    for (const object of changed) object.setByOwner.fill(0);
  }

  /** Writes the spawn of an object that the player sees or will see in this tick, unless it has it. */
  spawnNow(player: ObjectPlayer, object: ServerObject): void {
    player.entering.delete(object);
    if (player.views.has(object.item) || !object.isSpawned) return;
    this.#settle(object);
    const isOwner = object.owner === player.player;
    const writer = player.begin(RecordKind.Spawn, this.#sentTick);
    writer.writePacked(object.item);
    writer.writeUint32(object.netId);
    writer.writePacked(object.layout.number);
    writer.writeBoolean(isOwner);
    writeFullState(writer, object.values, object.layout.visible[isOwner ? 1 : 0]);
    if (player.player.isHost) this.share.spawned(object);
    player.views.set(object.item, { spawnBatch: player.nextBatch, waitingLatest: 0 });
  }

  /** Before a call of the object is written: what has changed goes first. */
  flushObject(object: ServerObject): void {
    this.#sendOrdered(object);
  }

  /** Sends a player who owns the object the values here, in order. */
  correct(player: ObjectPlayer, object: ServerObject, masks: readonly number[]): void {
    const view = player.views.get(object.item);
    if (!view) return;
    const writer = player.begin(RecordKind.Correction, this.#sentTick);
    if (object.layout.toJournal(masks) !== 0) view.spawnBatch = player.nextBatch;
    writer.writePacked(object.item);
    writeChanges(writer, object.values, masks, object.layout.visible[1]);
  }

  /** Moves what was set since into `held`, which has all that is not sent. */
  #settle(object: ServerObject): void {
    for (const [index, values] of object.values.entries()) {
      const found = values.settle();
      (object.held[index] as number) |= found;
      // What the server has set since, the owner needs.
      (object.setByOwner[index] as number) &= ~found;
    }
  }

  #sendState(object: ServerObject, tick: number): void {
    const latest = this.#sendOrdered(object, tick);
    const mask = object.layout.toJournal(latest);
    if (mask !== 0) this.latest.change(object, mask);
    // What is not due yet is looked at again in the next tick.
    if (object.held.some((held) => held !== 0)) object.changed();
  }

  /** Sends changed ordered members to all that see the object. Returns the latest ones that are due. */
  #sendOrdered(object: ServerObject, tick: number | null = null): number[] {
    this.#settle(object);
    const { held, layout } = object;
    const due = held.map((mask, index) =>
      tick === null || !layout.hasEvery ? mask : mask & layout.dueIn(index, (tick + object.netId) >>> 0),
    );
    const latest = due.map((mask, index) => mask & (layout.definitions[index]?.latestMask ?? 0));
    const ordered = due.map((mask, index) => mask & (layout.definitions[index]?.orderedMask ?? 0));
    for (const [index, mask] of due.entries()) {
      (held[index] as number) &= ~mask;
      // Between ticks, latest state waits for the tick.
      if (tick === null) (held[index] as number) |= latest[index] as number;
    }
    if (tick === null && latest.some((mask) => mask !== 0)) object.changed();
    if (ordered.every((mask) => mask === 0)) return latest;
    for (const player of this.players.values()) {
      if (!player.views.has(object.item)) continue;
      const isOwner = object.owner === player.player;
      const masks =
        isOwner && !player.isShared
          ? ordered.map(
              (mask, index) => mask & ~((layout.fromOwnerOnly[index] as number) | (object.setByOwner[index] as number)),
            )
          : ordered;
      this.#writeOrdered(player, object, masks);
    }
    return latest;
  }

  #writeOrdered(player: ObjectPlayer, object: ServerObject, masks: readonly number[]): void {
    const isOwner = object.owner === player.player;
    const allowed = object.layout.ordered[isOwner ? 1 : 0];
    if (masks.every((mask, index) => (mask & (allowed[index] as number)) === 0)) return;
    const held = player.heldOrdered.get(object);
    if (held || player.isCongested) {
      player.heldOrdered.set(
        object,
        masks.map((mask, index) => mask | (held?.[index] ?? 0)),
      );
      return;
    }
    const writer = player.begin(RecordKind.State, this.#sentTick);
    writer.writePacked(object.item);
    writeChanges(writer, object.values, masks, allowed);
  }

  #sendHeld(player: ObjectPlayer): void {
    for (const [object, masks] of player.heldOrdered) {
      if (player.isCongested) return;
      player.heldOrdered.delete(object);
      if (player.views.has(object.item)) this.#writeOrdered(player, object, masks);
    }
  }

  #writeOwner(player: INetworkPlayer | null, object: ServerObject): void {
    const of = player && this.players.get(player);
    const view = of?.views.get(object.item);
    if (!of || !view) return;
    of.heldOrdered.delete(object);
    const isOwner = object.owner === player;
    const writer = of.begin(RecordKind.Owner, this.#sentTick);
    view.spawnBatch = of.nextBatch;
    writer.writePacked(object.item);
    writer.writeBoolean(isOwner);
    writeFullState(writer, object.values, object.layout.visible[isOwner ? 1 : 0]);
  }

  #unspawn(player: ObjectPlayer, object: ServerObject, isDestroyed: boolean): void {
    if (!player.views.delete(object.item)) return;
    this.onHidden(player.player, object);
    player.marks.remove(object.item);
    player.heldOrdered.delete(object);
    const writer = player.begin(RecordKind.Despawn, this.#sentTick);
    writer.writePacked(object.item);
    writer.writeBoolean(isDestroyed);
  }

  /** What the latest state of one player may take in this tick. */
  #stateBytes(): number {
    const { maxStateBytesPerSecond } = this.#options;
    const now = this.#server.time.nowMs;
    const passedMs = Math.min(now - this.#lastSentMs, 1000);
    this.#lastSentMs = now;
    if (maxStateBytesPerSecond === Number.POSITIVE_INFINITY) return maxStateBytesPerSecond;
    return Math.floor((maxStateBytesPerSecond * passedMs) / 1000);
  }

  #setReason(player: INetworkPlayer | null, object: ServerObject, reason: number, holds: boolean): void {
    const of = player && this.players.get(player);
    if (of) this.visibility.set(of.index, object.item, reason, holds);
  }

  #callEach(object: ServerObject, call: (part: NetworkBehaviour) => void): void {
    object.callEach(call, this.report);
  }

  #newNetId(): number {
    for (;;) {
      const [a, b, c, d] = secureRandomBytes(4) as unknown as [number, number, number, number];
      const netId = (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
      if (netId !== 0 && !this.byNetId.has(netId)) return netId;
    }
  }
}
