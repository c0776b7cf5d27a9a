import { type INetworkPlayer, NetworkServer } from "../../message/index.js";
import { NetworkError } from "../../network-error.js";
import type { NumberShape } from "../behaviour/number-shape.js";
import { History } from "../rewind/history.js";
import { limitViewTick, Rewind } from "../rewind/rewind.js";
import type { ObjectPlayer } from "./object-player.js";
import type { ObjectServer } from "./object-server.js";
import type { ServerObject } from "./server-object.js";

/** Remembers where objects were, and sets them back to what a player saw. */
export class Rewinds {
  readonly #world: ObjectServer;
  readonly #server: NetworkServer;
  readonly #history = new History();
  readonly #rewind: Rewind;
  readonly #numbers: Float64Array;
  /** Whose rewind is under way, the items of it, and the tick that was shown of each. */
  #player: INetworkPlayer | null = null;
  #items = new Int32Array(64);
  #ticks = new Float64Array(64);
  #count = 0;

  constructor(world: ObjectServer, server: NetworkServer) {
    this.#world = world;
    this.#server = server;
    this.#numbers = new Float64Array(Math.max(0, ...world.layouts.all.map(({ columns }) => columns)));
    this.#rewind = new Rewind(this.#history, {
      get: (item, values) => this.#get(item, values),
      set: (item, values, isExact) => this.#set(item, values, isExact),
    });
    world.events.on("spawned", (identity) => this.#begin(identity as ServerObject));
    world.onRemoved = ({ item }) => this.#history.remove(item);
    world.latest.onInterpolated = (object, tick) => this.#record(object, tick);
  }

  /** Calls `look` with everything as `player` saw it. @throws as `ServerObjectManager.rewind` */
  look<Result>(player: INetworkPlayer, look: () => Result): Result {
    const of = this.#world.players.get(player);
    if (!of) throw new NetworkError("ERR_STATE", "Only a player that is ready has seen something");
    this.#player = player;
    const count = this.#collect(of, this.#viewTickOf(of));
    return this.#rewind.look(this.#items, this.#ticks, count, look);
  }

  /** The time that a player may say it showed. */
  #viewTickOf({ player, viewTick, waitedTicks }: ObjectPlayer): number {
    const { tick } = this.#server;
    const ticksPerSecond = NetworkServer.tickRateOf(this.#server);
    if (viewTick === null || ticksPerSecond === 0) return tick;
    const delayMs = (1000 * (this.#world.layouts.intervalTicks + waitedTicks)) / ticksPerSecond;
    return limitViewTick(viewTick, tick, { ticksPerSecond, roundTripTimeMs: player.roundTripTimeMs, delayMs });
  }

  /** The objects of which something is interpolated and that the player sees, or saw at that time. */
  #collect({ player, views, lostViews }: ObjectPlayer, viewTick: number): number {
    this.#count = 0;
    for (const { object, spawnTick } of views.values()) {
      // What it controls it predicts: it sees it as it is here.
      const isControlled = object.control !== null || this.#world.share.control?.shared === object;
      if (!isControlled || object.owner !== player) this.#add(object, viewTick, spawnTick);
    }
    for (const [{ object, spawnTick }, tick] of lostViews) {
      const isShown = isBehind(Math.floor(viewTick), tick) && object.isSpawned && !views.has(object.item);
      if (isShown) this.#add(object, viewTick, spawnTick);
    }
    return this.#count;
  }

  #add({ item, layout }: ServerObject, viewTick: number, spawnTick: number): void {
    if (layout.columns === 0) return;
    const count = this.#count++;
    if (count === this.#items.length) {
      const items = new Int32Array(2 * count);
      const ticks = new Float64Array(2 * count);
      items.set(this.#items);
      ticks.set(this.#ticks);
      this.#items = items;
      this.#ticks = ticks;
    }
    // Until the time shown had come to where it appeared, it was shown there.
    this.#ticks[count] = isBehind(Math.floor(viewTick), spawnTick) ? spawnTick : viewTick;
    this.#items[count] = item;
  }

  #begin(object: ServerObject): void {
    const { interpolated, intervalTicks } = object.layout;
    if (interpolated.length === 0) return;
    this.#history.add(
      object.item,
      interpolated.map(({ member }) => member.shape as NumberShape),
      intervalTicks,
    );
    this.#record(object, this.#server.tick);
  }

  #record(object: ServerObject, tick: number): void {
    this.#get(object.item, this.#numbers);
    this.#history.record(object.item, tick, this.#numbers, object.teleportTick === tick);
  }

  #get(item: number, numbers: Float64Array): void {
    const object = this.#world.objects.get(item);
    if (!object) return;
    const { values, layout } = object;
    let at = 0;
    for (const { behaviour, member } of layout.interpolated) {
      values[behaviour]?.getNumbers(member.index, numbers, at);
      at += (member.shape as NumberShape).columns;
    }
  }

  #set(item: number, numbers: Float64Array, isExact: boolean): void {
    const object = this.#world.objects.get(item);
    if (!object) return;
    const { values, layout } = object;
    // What a player sets itself it sees at once.
    const isOwner = object.owner !== null && object.owner === this.#player;
    let at = 0;
    for (const { behaviour, member, isFromOwner } of layout.interpolated) {
      if (!isOwner || !isFromOwner) values[behaviour]?.setNumbers(member.index, numbers, at, isExact);
      at += (member.shape as NumberShape).columns;
    }
  }
}

const isBehind = (tick: number, other: number): boolean => ((other - tick) | 0) > 0;
