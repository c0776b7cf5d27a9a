import type { Clock } from "../../clock.js";
import { EventHub } from "../../event-hub.js";
import type { WatcherSight } from "../../message/extension.js";
import { type INetworkPlayer, NetworkServer, PlayerSlot } from "../../message/index.js";
import { NetworkError } from "../../network-error.js";
import { runAs } from "../behaviour/callback-side.js";
import type { Member } from "../behaviour/member.js";
import type { MemberValues } from "../behaviour/member-values.js";
import type { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import { References } from "../behaviour/references.js";
import type { SyncRef } from "../behaviour/sync-ref.js";
import { RateShare } from "../budget/rate-share.js";
import { Reason, Visibility, type VisibilitySink } from "../interest/visibility.js";
import type { Layouts } from "../wire/layouts.js";
import type { ObjectLayout } from "../wire/object-layout.js";
import { RecordKind } from "../wire/object-messages.js";
import { NotedValues } from "../world/noted-values.js";
import { shareWorld } from "../world/shared-world.js";
import { ChangedObjects } from "./changed-objects.js";
import { HostShare } from "./host-share.js";
import type { Interest } from "./interest.js";
import { ItemNumbers, newNetId } from "./item-numbers.js";
import { LatestSender } from "./latest-sender.js";
import { ObjectPlayer } from "./object-player.js";
import { OrderedSender } from "./ordered-sender.js";
import { PlayerStanding } from "./player-standing.js";
import { type ObjectOwner, type ObjectSource, ServerObject } from "./server-object.js";
import type { ServerObjectEvents } from "./server-object-events.js";
import { StateSender } from "./state-sender.js";
import { ViewerSets } from "./viewers.js";

export interface ObjectServerOptions {
  readonly lane: number;
  readonly maxStateBytesPerSecond: number;
  readonly weight: ((player: INetworkPlayer, object: ServerObject) => number) | null;
}

/** So many objects are settled at a time: what was read of them is still in the processor's nearest cache. */
const BLOCK = 32;

/** The world of a server, and what each player has of it. */
export class ObjectServer implements ObjectOwner {
  readonly events: EventHub<ServerObjectEvents>;
  readonly visibility = new Visibility();
  readonly viewerSets = new ViewerSets();
  readonly layouts: Layouts;
  readonly latest: LatestSender;
  /** By item. */
  readonly objects = new Map<number, ServerObject>();
  readonly byNetId = new Map<number, ServerObject>();
  readonly players = new Map<INetworkPlayer, ObjectPlayer>();
  readonly #byIndex: (ObjectPlayer | undefined)[] = [];
  readonly #server: NetworkServer;
  readonly #clock: Clock;
  readonly #interest: Interest;
  readonly #options: ObjectServerOptions;
  readonly report: (error: unknown) => void;
  readonly #items: ItemNumbers;
  readonly standings = new PlayerSlot(() => new PlayerStanding());
  readonly #references = new References(true, (netId, index) => this.byNetId.get(netId)?.parts[index] ?? null);
  readonly #changed = new ChangedObjects();
  /** Those with a `tick`. */
  readonly #ticking = new Set<ServerObject>();
  #teleporting: ServerObject[] = [];
  readonly #noted = new NotedValues();
  readonly #rate: RateShare;
  readonly #visibilitySink: VisibilitySink = {
    entered: (index, item) => {
      const object = this.objects.get(item);
      if (object) this.#byIndex[index]?.enter(object);
    },
    left: (index, item) => {
      const player = this.#byIndex[index];
      const object = this.objects.get(item);
      if (!player || !object) return;
      player.entering.delete(object);
      this.#unspawn(player, object, false);
    },
  };
  readonly share: HostShare;
  readonly ordered: OrderedSender;
  readonly states: StateSender;
  /** An object is in no world any more. */
  onReleased: (object: ServerObject) => void = () => {};
  /** What runs a call: the calls' runtime. */
  onCall: ObjectOwner["call"] | null = null;
  /** An object has left the world: the history hears of it. */
  onRemoved: (object: ServerObject) => void = () => {};
  /** Sends a player what it controls: bytes that it takes. */
  sendPredicted: (player: ObjectPlayer) => number = () => 0;
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
    this.#clock = NetworkServer.clockOf(server);
    this.share = new HostShare(layouts, (object) => this.#end(object));
    shareWorld(server, this.share);
    this.layouts = layouts;
    this.#interest = interest(this.visibility);
    this.#options = options;
    this.report = report;
    this.#items = new ItemNumbers(server.time);
    this.events = new EventHub<ServerObjectEvents>(["spawned", "unspawned", "characterChanged"], report);
    const { maxStateBytesPerSecond, weight } = options;
    this.#rate = new RateShare(maxStateBytesPerSecond);
    this.latest = new LatestSender(
      (item) => this.objects.get(item),
      weight && ((player, object) => (player.isWatcher ? 1 : weight(player.player, object))),
      layouts.restTicks,
    );
    this.ordered = new OrderedSender({
      byNetId: this.byNetId,
      referencesTo: (netId) => this.#references.referencesTo(netId) as Iterable<SyncRef<never>>,
      report,
    });
    this.states = new StateSender(this.ordered);
  }

  // Life of objects.

  /** @throws NetworkError `ERR_STATE` */
  assertActive(): void {
    if (this.#server.active) return;
    throw new NetworkError("ERR_STATE", "The server is not active: start it before you spawn");
  }

  spawn(
    layout: ObjectLayout,
    owner: INetworkPlayer | null,
    init: ((object: ServerObject) => void) | null,
    source: ObjectSource,
  ): ServerObject {
    const object = new ServerObject(
      this,
      layout,
      this.#items.take(),
      source.netId ?? newNetId((netId) => this.byNetId.has(netId)),
      source,
    );
    for (const values of object.values) values.references = this.#references;
    try {
      if (init) runAs("server", () => init(object));
    } catch (error) {
      this.#items.release(object.item);
      object.release();
      this.onReleased(object);
      throw error;
    }
    object.owner = owner;
    object.isSpawned = true;
    for (const values of object.values) values.settle();
    this.#callEach(object, (part) => part.startServer?.());
    this.objects.set(object.item, object);
    if (object.parts.some(({ tick }) => tick)) this.#ticking.add(object);
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
    this.states.flush(object);
    const { owner } = object;
    object.isSpawned = false;
    this.objects.delete(object.item);
    this.byNetId.delete(object.netId);
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
    this.#ticking.delete(object);
    this.visibility.removeItem(object.item);
    this.latest.forget(object.item);
    this.onRemoved(object);
    this.#items.release(object.item);
    if (!this.share.has(object)) this.#end(object);
    this.#server.requestTick();
  }

  #end(object: ServerObject): void {
    this.#callEach(object, (part) => part.stopServer?.());
    object.release();
    this.onReleased(object);
  }

  setOwner(object: ServerObject, player: INetworkPlayer | null): void {
    const before = object.owner;
    if (before === player) return;
    this.states.flush(object);
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
    this.#except(player, object, "shown");
  }

  hide(object: ServerObject, player: INetworkPlayer): void {
    this.#except(player, object, "hidden");
  }

  #except(player: INetworkPlayer, object: ServerObject, exception: "shown" | "hidden"): void {
    this.standings.of(player).exceptions.set(object, exception);
    this.#setReason(player, object, exception === "shown" ? Reason.Hide : Reason.Show, false);
    this.#setReason(player, object, exception === "shown" ? Reason.Show : Reason.Hide, true);
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
    if (object && !of.knows(object)) {
      throw new NetworkError("ERR_MESSAGE_NOT_AGREED", `The player's program has no prefab ${object.prefab}`);
    }
    if (object && object.owner !== player) this.setOwner(object, player);
    of.standing.character = object;
    this.#writeCharacter(of, object);
    runAs("server", () => this.events.emit("characterChanged", player, object, before));
    this.#server.requestTick();
  }

  #writeCharacter(player: ObjectPlayer, object: ServerObject | null): void {
    if (object) {
      this.states.flush(object);
      this.spawnNow(player, object);
    }
    player.begin(RecordKind.Character, this.ordered.sentTick).writePacked(object ? object.item + 1 : 0);
  }

  rescope(object: ServerObject, behaviour: object, { bit }: Member): void {
    this.states.flush(object);
    this.ordered.rescope(
      object,
      object.parts.map((part) => (part === behaviour ? bit : 0)),
    );
    this.#server.requestTick();
  }

  changed(object: ServerObject): void {
    if (this.#changed.count === 0) this.#server.requestTick();
    this.#changed.add(object);
  }

  noted(values: MemberValues): void {
    if (this.#noted.isEmpty) this.#server.requestTick();
    this.#noted.add(values);
  }

  call(...call: Parameters<ObjectOwner["call"]>): unknown {
    if (this.onCall) return this.onCall(...call);
    throw new NetworkError("ERR_STATE", "This manager runs no calls");
  }

  // Life of players.

  addPlayer(player: INetworkPlayer, watcher: WatcherSight | null = null): void {
    if (this.players.has(player)) return;
    let index = this.#byIndex.indexOf(undefined);
    if (index < 0) index = this.#byIndex.length;
    const standing = this.standings.of(player);
    const isShared = player.isHost && this.share.isShared;
    const { lane } = this.#options;
    const layouts = this.layouts.agreedWith(player);
    const added = new ObjectPlayer(player, standing, index, layouts, lane, isShared, watcher, this.#clock);
    this.#byIndex[index] = added;
    this.players.set(player, added);
    added.beginWorld(this.ordered.sentTick);
    this.#interest.addPlayer(added);
    for (const object of this.objects.values()) {
      if (object.owner === player) this.visibility.set(index, object.item, Reason.Owner, true);
      const exception = standing.exceptions.get(object);
      if (exception) this.visibility.set(index, object.item, exception === "shown" ? Reason.Show : Reason.Hide, true);
    }
    // It has come back.
    const { character } = standing;
    if (!character?.isSpawned) standing.character = null;
    else if (added.knows(character)) this.#writeCharacter(added, character);
    else this.setCharacter(player, null);
    this.#server.requestTick();
  }

  /** The player is away or gone. Its objects stay, and nothing is kept for it. */
  removePlayer(player: INetworkPlayer): void {
    const removed = this.players.get(player);
    if (!removed) return;
    removed.isActive = false;
    for (const view of [...removed.views.values()]) {
      this.#lostSight(player, view.object);
      view.remove();
    }
    this.players.delete(player);
    this.viewerSets.forget(removed);
    this.#interest.removePlayer(removed);
    this.visibility.removePlayer(removed.index);
    this.#byIndex[removed.index] = undefined;
  }

  /** A player has left for good. */
  playerLeft(player: INetworkPlayer): void {
    this.removePlayer(player);
    this.standings.of(player).character = null;
    for (const object of [...this.objects.values()]) if (object.owner === player) object.setOwner(null);
  }

  /** The client has applied so many ordered messages. */
  applied(player: ObjectPlayer, batches: number): void {
    if (batches <= player.appliedBatches || batches >= player.nextBatch) return;
    player.appliedBatches = batches;
    if (player.unconfirmed.length === 0) return;
    const waiting = player.unconfirmed;
    player.unconfirmed = waiting.filter((view) => !view.isConfirmed && !view.isRemoved);
    for (const view of waiting) if (!view.isRemoved && view.confirm()) this.latest.confirmed(view);
  }

  /**
   * Whether the player saw the object of this number in the last 10 s. Of what it did not see it cannot learn whether
   * that has gone.
   */
  sawLately(player: INetworkPlayer, netId: number): boolean {
    return this.standings.of(player).seen.has(netId, this.#server.time.nowMs);
  }

  #lostSight(player: INetworkPlayer, { netId }: ServerObject): void {
    this.standings.of(player).seen.add(netId, this.#server.time.nowMs);
  }

  stop(): void {
    this.share.client?.stop();
    for (const object of [...this.objects.values()]) this.destroy(object);
    for (const player of [...this.players.keys()]) this.removePlayer(player);
    this.#changed.clear();
    this.#teleporting = [];
    this.#noted.clear();
  }

  // The phases of a tick.

  /** Calls the behaviours' `tick`. */
  tick(dt: number): void {
    for (const object of this.#ticking) this.#callEach(object, (part) => part.tick?.(dt));
  }

  updateVisibility(): void {
    this.#interest.update(this.#changed);
    this.visibility.takeChanges(this.#visibilitySink);
  }

  callListeners(): void {
    if (this.#noted.isEmpty) return;
    runAs("server", () => this.#noted.deliver(this.report));
    // They may have moved objects, which are not among the changed ones of the next tick.
    this.#interest.moveItems(this.#changed);
    this.visibility.takeChanges(this.#visibilitySink);
  }

  send(): void {
    const { tick } = this.#server;
    const { count } = this.#changed;
    const changed = this.#changed.take();
    const masks = this.latest.beginTick(tick, changed, count);
    this.ordered.sentTick = tick;
    this.ordered.isSendPhase = true;
    for (const player of this.players.values()) player.beginTick(tick);
    for (const object of this.#teleporting) object.teleportTick = tick;
    if (this.#teleporting.length > 0) this.#teleporting = [];
    let hasOwners = false;
    for (let from = 0; from < count; ) {
      if (this.states.meter === null) from = this.latest.writeRuns(from);
      const to = Math.min(from + BLOCK, count);
      if (this.states.send(changed, masks, from, to, tick)) hasOwners = true;
      this.latest.readChanges(to);
      from = to;
    }
    this.latest.writeChanges();
    const rateBytes = this.#rate.take(this.#server.time.nowMs);
    for (const player of this.players.values()) {
      const budgetBytes = player.isWatcher ? Number.POSITIVE_INFINITY : rateBytes;
      this.latest.forUnconfirmed(player, this.ordered);
      this.ordered.sendHeld(player);
      for (const object of player.entering) this.spawnNow(player, object);
      if (player.isInitial) {
        player.isInitial = false;
        player.begin(RecordKind.WorldReady, this.ordered.sentTick);
      }
      const predictedBytes = this.sendPredicted(player);
      player.flush();
      this.latest.send(
        player,
        Math.min(Math.max(budgetBytes - predictedBytes, 0), player.player.connection?.sendBudget.bytesFree ?? 0),
      );
    }
    this.ordered.isSendPhase = false;
    for (let index = 0; hasOwners && index < count; index++) changed[index]?.forgetSetByOwner();
    changed.fill(undefined, 0, count);
  }

  /** Writes the spawn of an object that the player sees or will see in this tick, unless it has it. */
  spawnNow(player: ObjectPlayer, object: ServerObject): void {
    player.entering.delete(object);
    if (player.views.has(object.item) || !object.isSpawned) return;
    if (this.ordered.spawn(player, object) && player.player.isHost) this.share.spawned(object);
  }

  /** Sends what is ordered now, and not at the end of the tick. */
  flush(): void {
    this.updateVisibility();
    for (let index = 0; index < this.#changed.count; index++) {
      const object = this.#changed.list[index] as ServerObject;
      if (object.isSpawned) this.states.flush(object);
    }
    for (const player of this.players.values()) {
      for (const object of player.entering) this.spawnNow(player, object);
      player.flush();
    }
  }

  #writeOwner(player: INetworkPlayer | null, object: ServerObject): void {
    const view = player && this.players.get(player)?.views.get(object.item);
    if (view) this.ordered.owner(view);
  }

  #unspawn(player: ObjectPlayer, object: ServerObject, isDestroyed: boolean): void {
    const view = player.views.get(object.item);
    if (!view) return;
    this.#lostSight(player.player, object);
    this.onHidden(player.player, object);
    if (!isDestroyed && object.layout.columns > 0) player.lost(view, this.#server.tick);
    this.ordered.despawn(view, isDestroyed);
  }

  #setReason(player: INetworkPlayer | null, object: ServerObject, reason: number, holds: boolean): void {
    const of = player && this.players.get(player);
    if (of) this.visibility.set(of.index, object.item, reason, holds);
  }

  #callEach(object: ServerObject, call: (part: NetworkBehaviour) => void): void {
    object.callEach(call, this.report);
  }
}
