import { runAs } from "../behaviour/callback-side.js";
import type { Prefab } from "../behaviour/prefab.js";
import { PredictedSpawns } from "../prediction/predicted-spawns.js";
import type { SpawnInit } from "../prediction/step-runner.js";
import type { ObjectLayout } from "../wire/object-layout.js";
import type { SpawnTag } from "../wire/object-messages.js";
import { ClientObject, type ClientObjectOwner } from "./client-object.js";
import type { ObjectClient } from "./object-client.js";

/**
 * What this client's steps have spawned. The server numbers its spawns of the same steps, so that each is adopted, or
 * rejected once the server has used that input and all of its spawns up to there have come.
 */
export class ClientSpawns {
  /** Those that are neither adopted nor rejected. */
  readonly objects = new Set<ClientObject>();
  readonly #world: ObjectClient;
  readonly #spawns: PredictedSpawns<ClientObject>;
  /** How many of the server's spawns of steps have come (u16) since the world began; null until it begins again. */
  #received: number | null = 0;
  /** The newest tick that the server has used, and how many spawns it had sent then. */
  #confirmed: { tick: number; spawned: number } | null = null;
  /** No input up to this tick will be used any more. */
  #endTick: number | null = null;
  #suspendedTick: number | null = null;
  #adopted: ClientObject[] = [];
  /** What replays got in place of objects that are gone: nobody else hears of it. */
  #unseen: ClientObject[] = [];

  constructor(world: ObjectClient) {
    this.#world = world;
    this.#spawns = new PredictedSpawns((object) => world.reject(object));
  }

  /** A step spawns an object. @throws as `StepContext.spawn` */
  spawn(tag: SpawnTag, prefab: Prefab, init: SpawnInit | null): ClientObject {
    const layout = this.#world.layouts.of(prefab);
    const object = this.#spawns.spawn(tag.tick, tag.order, layout, () => this.#create(layout, init));
    if (object.isSpawned) return object;
    // It is over, and its behaviours may be those of another one by now: what the step sets must not reach them.
    const unseen = this.#make(layout, init);
    this.#unseen.push(unseen);
    return unseen;
  }

  #create(layout: ObjectLayout, init: SpawnInit | null): ClientObject {
    const object = this.#make(layout, init);
    this.objects.add(object);
    this.#world.appeared(object);
    return object;
  }

  #make(layout: ObjectLayout, init: SpawnInit | null): ClientObject {
    const world = this.#world;
    const object = new ClientObject(world as ClientObjectOwner, layout, 0, {
      made: world.waiting.factories.make(layout, "step"),
    });
    try {
      if (init) runAs("client", () => init(object.behaviours as never));
    } catch (error) {
      this.#release(object);
      throw error;
    }
    for (const values of object.values) values.settle();
    object.predict();
    return object;
  }

  #release(object: ClientObject): void {
    object.release();
    this.#world.waiting.release(object);
  }

  /** The server's spawn has come. @returns what goes on as it, null where that was not predicted */
  adopt({ tick, order }: SpawnTag, layout: ObjectLayout, netId: number): ClientObject | null {
    if (this.#received !== null) this.#received = (this.#received + 1) & 0xffff;
    const object = netId === 0 ? null : this.#spawns.adopt(tick, order, layout);
    if (!object?.isSpawned) return null;
    this.objects.delete(object);
    object.adopt(netId);
    this.#adopted.push(object);
    return object;
  }

  /** Steps are over, and those that were adopted have their values. */
  announce(): void {
    if (this.#unseen.length > 0) for (const object of this.#unseen.splice(0)) this.#release(object);
    if (this.#adopted.length === 0) return;
    const adopted = this.#adopted;
    this.#adopted = [];
    for (const object of adopted) if (object.isSpawned) this.#world.events.emit("adopted", object.identity);
  }

  /** The server has used the input of this tick, and had sent so many spawns of steps before. */
  used(tick: number, spawned: number): void {
    this.#confirmed = { tick, spawned };
    this.settle();
  }

  /** The server has used all that it will of the inputs up to this tick, and its spawns of them have come. */
  confirm(tick: number): void {
    this.#spawns.confirm(tick);
  }

  /** The server uses no input up to this tick any more: what follows its spawns in this message is not there. */
  endAfterMessage(tick: number): void {
    this.#endTick = tick;
  }

  /** A message is applied: rejects what should have come by now. */
  settle(): void {
    const received = this.#received;
    if (received === null) return;
    if (this.#endTick !== null) this.#spawns.confirm(this.#endTick);
    this.#endTick = null;
    const confirmed = this.#confirmed;
    if (!confirmed || (received - confirmed.spawned) << 16 < 0) return;
    this.#confirmed = null;
    this.#spawns.confirm(confirmed.tick);
  }

  /** The connection is away, and `tick` was the last one of an input. */
  suspend(tick: number): void {
    this.#suspendedTick = tick;
    this.#received = this.#confirmed = null;
  }

  /** The world begins again. */
  begin(): void {
    this.#received = 0;
  }

  /** All that the server has is there: what was spawned before the connection was away came with it, or will not. */
  worldReady(): void {
    if (this.#suspendedTick !== null) this.#spawns.confirm(this.#suspendedTick);
    this.#suspendedTick = null;
  }

  /** The connection is over. */
  end(): void {
    this.#spawns.end();
    this.#adopted = [];
    this.#received = 0;
    this.#confirmed = this.#endTick = this.#suspendedTick = null;
  }
}
