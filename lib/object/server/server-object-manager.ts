import { checkInteger, invalidType } from "../../arguments.js";
import type { Clock } from "../../clock.js";
import type { EventListener } from "../../event-hub.js";
import { type INetworkPlayer, NetworkServer } from "../../message/index.js";
import { NetworkError } from "../../network-error.js";
import {
  arrayOption,
  checkOptions,
  functionOption,
  integerOption,
  nullOr,
  numberOption,
  type OptionRules,
  objectOption,
  required,
  thingOption,
} from "../../options.js";
import type { NetworkBehaviour } from "../behaviour/network-behaviour.js";
import type { NetworkIdentity } from "../behaviour/network-identity.js";
import type { ObjectFactory } from "../behaviour/object-factory.js";
import type { Behaviours, InstancesOf, Prefab, Spawned } from "../behaviour/prefab.js";
import type { PredictionDefinition } from "../prediction/defined-prediction.js";
import { Layouts, prefabsOption } from "../wire/layouts.js";
import { CallsMessage, InputMessage, objectMessages, RecordKind } from "../wire/object-messages.js";
import { checkStaticName, Factories } from "../world/factories.js";
import { AbsentOwners } from "./absent-owners.js";
import { receiveUnordered, useCalls } from "./calls.js";
import { always, Interest, type InterestGrid, type InterestRule, type WorldPosition } from "./interest.js";
import { loadWorld } from "./load-world.js";
import { ObjectMeter } from "./object-meter.js";
import { ObjectServer } from "./object-server.js";
import { OwnerState } from "./owner-state.js";
import { Rewinds } from "./rewinds.js";
import { readWorld, writeWorld } from "./saved-world.js";
import { type InputMetrics, ServerInputs } from "./server-inputs.js";
import { ServerObject, type StepSpawn } from "./server-object.js";
import type { ServerObjectEvents } from "./server-object-events.js";
import { spawnAgain } from "./spawn-again.js";

/** Which objects a server's world can have, and who sees them. */
export interface ServerObjectManagerOptions {
  /** The same ones on both sides, in any order. */
  prefabs: readonly Prefab[];
  /** What clients may control: the same ones on both sides. They need a `tickRate`. @defaultValue none */
  predictions?: readonly PredictionDefinition[];
  /** An object is seen by whom one of these rules says so. @defaultValue `always()` */
  interest?: InterestRule | readonly InterestRule[];
  /** The lane of everything reliable, 0 (most urgent) to 3. @defaultValue 1 */
  lane?: number;
  /** What the latest state of one player may take, 1 or more. @defaultValue Infinity: what the connection carries */
  maxStateBytesPerSecond?: number;
  /** How urgent an object is for a player, where not all fits: 1/1024 to 1024. @defaultValue 1 */
  weight?(player: INetworkPlayer, identity: NetworkIdentity): number;
  /**
   * Who a player is, on this server and the next one: what `save` writes for the owner of an object, and `load` looks
   * for. 1 to 128 characters; null: nobody that comes back.
   *
   * @defaultValue nobody comes back
   */
  ownerKey?(player: INetworkPlayer): string | null;
  /** Gets what listeners and behaviours throw. @defaultValue the `onError` and the `logger` of the server */
  onError?(error: unknown): void;
}

/** How an object begins. */
export interface SpawnOptions<B extends Behaviours> {
  /** The player who owns it from the start. @defaultValue nobody */
  owner?: INetworkPlayer | null;
  /**
   * Sets the first values. What it throws, `spawn` throws, and nothing has been spawned.
   *
   * @defaultValue values as the behaviours' classes set them
   */
  init?(behaviours: InstancesOf<B>): void;
}

const OPTIONS: OptionRules<ServerObjectManagerOptions> = {
  prefabs: required(prefabsOption),
  predictions: arrayOption,
  interest: (name, value) => (Array.isArray(value) ? arrayOption : objectOption())(name, value),
  lane: integerOption(0, 3),
  maxStateBytesPerSecond: numberOption(1, Number.POSITIVE_INFINITY),
  weight: functionOption,
  ownerKey: functionOption,
  onError: functionOption,
};
const SPAWN_OPTIONS: OptionRules<SpawnOptions<Behaviours>> = {
  owner: nullOr(objectOption()),
  init: functionOption,
};

const initOf = <B extends Behaviours>(init: SpawnOptions<B>["init"]) =>
  init ? ({ behaviours }: ServerObject) => init(behaviours as never) : null;

/** The networked objects of a server (Mirage's `ServerObjectManager`). See docs/objects.md. */
export class ServerObjectManager {
  readonly #core: ObjectServer;
  readonly #interest: Interest;
  readonly #layouts: Layouts;
  readonly #factories = new Factories();
  /** The names of the static objects in the world. */
  readonly #statics = new Set<string>();
  readonly #absent: AbsentOwners;
  readonly #rewinds: Rewinds;
  readonly #inputs: ServerInputs;
  readonly #clock: Clock;

  /**
   * Adds itself to `server`.
   *
   * @throws TypeError, RangeError for wrong options; NetworkError `ERR_STATE` while the server is active
   */
  constructor(server: NetworkServer, options: ServerObjectManagerOptions) {
    thingOption("a NetworkServer", "use", "sendToMany")("server", server);
    checkOptions("ServerObjectManager", options, OPTIONS);
    const { interest = always(), lane = 1, maxStateBytesPerSecond = Number.POSITIVE_INFINITY } = options;
    const { weight = null, ownerKey = null } = options;
    const { onError = (error) => NetworkServer.report(server, error, "an object") } = options;
    this.#clock = NetworkServer.clockOf(server);
    this.#absent = new AbsentOwners(ownerKey);
    this.#layouts = new Layouts(options.prefabs, options.predictions);
    let rules: Interest | null = null;
    this.#core = new ObjectServer(
      server,
      this.#layouts,
      (visibility) => {
        rules = new Interest(visibility, ([] as InterestRule[]).concat(interest));
        return rules;
      },
      { lane, maxStateBytesPerSecond, weight },
      onError,
    );
    this.#interest = rules as unknown as Interest;
    const core = this.#core;
    this.#rewinds = new Rewinds(core, server);
    const ownerState = new OwnerState(core, server.time);
    const calls = useCalls(server, core, ownerState);
    core.onReleased = (object) => {
      const { layout, staticName } = object;
      if (staticName !== null) this.#statics.delete(staticName);
      this.#absent.remove(object);
      try {
        this.#factories.release(layout, object as never, staticName !== null);
      } catch (error) {
        onError(error);
      }
    };
    ownerState.extensions.set(RecordKind.Again, (player, reader) => spawnAgain(core, player, reader.readUint32()));
    this.#inputs = new ServerInputs(server, core, ownerState, (prefab, init, step) =>
      this.#spawn(prefab, init ? { owner: step.player, init } : { owner: step.player }, step),
    );
    let lastMs = 0;
    server.use({
      name: "objects",
      messages: objectMessages(this.#layouts),
      snapshot: () => this.save(),
      restore: (bytes) => this.load(bytes),
      started: () => {
        lastMs = 0;
      },
      playerReady: (player) => {
        core.addPlayer(player);
        this.#ownersBack(player, onError);
      },
      playerSuspended: (player) => {
        calls.playerGone(player);
        core.removePlayer(player);
      },
      watcherAdded: (watcher, sight) => core.addPlayer(watcher, sight),
      watcherRemoved: (watcher) => core.removePlayer(watcher),
      playerDisconnecting: (player) => {
        calls.playerGone(player);
        core.playerLeft(player);
      },
      tick: () => {
        const { nowMs } = server.time;
        this.#inputs.run();
        core.tick((nowMs - lastMs) / 1000);
        lastMs = nowMs;
      },
      beforeSend: () => {
        core.updateVisibility();
        core.callListeners();
        core.send();
      },
      stopped: () => core.stop(),
    });
    receiveUnordered(server, calls);
    for (const message of [CallsMessage, InputMessage]) {
      server.messageHandler.register(message, (bytes, player) => ownerState.receive(player, bytes));
    }
  }

  /** All objects of the world. */
  get objects(): NetworkIdentity[] {
    return [...this.#core.objects.values()];
  }

  /** The object of a number, null when there is none. */
  get(netId: number): NetworkIdentity | null {
    return this.#core.byNetId.get(netId) ?? null;
  }

  /**
   * Adds an object to the world.
   *
   * @throws TypeError for a prefab that the manager does not have; NetworkError `ERR_STATE` while the server is not
   *   active; what `init` throws
   */
  spawn<const B extends Behaviours>(prefab: Prefab<B>, options: SpawnOptions<B> = {}): Spawned<B> {
    checkOptions("spawn", options, SPAWN_OPTIONS as OptionRules<SpawnOptions<B>>);
    return this.#spawn(prefab, options);
  }

  #spawn<const B extends Behaviours>(
    prefab: Prefab<B>,
    { owner = null, init }: SpawnOptions<B>,
    step: StepSpawn | null = null,
  ): Spawned<B> {
    this.#core.assertActive();
    const layout = this.#layouts.of(prefab as unknown as Prefab);
    const instance = this.#factories.make(layout);
    const object = this.#core.spawn(layout, owner, initOf(init), { instance, step });
    return { ...object.behaviours, identity: object } as unknown as Spawned<B>;
  }

  /**
   * Adds an object that clients have as well, under the same name (`addStatic` of their managers): its behaviours are
   * these, and theirs are not made either. When it leaves the world they are as new, and may be spawned again.
   *
   * @param name 1 to 64 characters; one object of a name can be in the world
   * @throws TypeError for other behaviours than those of the prefab, or ones that are in a world; `ERR_STATE` where
   *   there is one of that name; else as `spawn`
   */
  spawnStatic<const B extends Behaviours>(
    name: string,
    prefab: Prefab<B>,
    behaviours: InstancesOf<B>,
    options: SpawnOptions<B> = {},
  ): NetworkIdentity {
    checkStaticName(name);
    checkOptions("spawnStatic", options, SPAWN_OPTIONS as OptionRules<SpawnOptions<B>>);
    if (this.#statics.has(name)) {
      throw new NetworkError("ERR_STATE", `There is a static object ${name} in the world already`);
    }
    const layout = this.#layouts.of(prefab as unknown as Prefab);
    const instance = layout.prefab.bind(behaviours as never);
    const { owner = null, init } = options;
    this.#core.assertActive();
    this.#statics.add(name);
    return this.#core.spawn(layout, owner, initOf(init), { instance, staticName: name });
  }

  /**
   * Says what makes the behaviours of a prefab's objects, and takes them back; null: they are constructed.
   *
   * @throws TypeError for what is no factory, or a prefab that the manager does not have
   */
  setFactory<const B extends Behaviours>(prefab: Prefab<B>, factory: ObjectFactory<B> | null): void {
    this.#factories.set(this.#layouts.of(prefab as unknown as Prefab), factory as ObjectFactory | null);
  }

  /**
   * The world as bytes: all objects with their numbers, members and owners. `load` makes it again, on this server after
   * a restart or on another one.
   *
   * @throws TypeError, RangeError for what is no key of `ownerKey`; what that throws
   */
  save(): Uint8Array {
    const objects = [...this.#core.objects.values()];
    return writeWorld(objects, (object) => {
      const { owner } = object;
      if (!owner) return this.#absent.ownerOf(object);
      return { key: this.#absent.keyOf(owner), isCharacter: this.#core.standings.of(owner).character === object };
    });
  }

  /**
   * Adds the objects of a world that `save` wrote. Objects whose owners are not here belong to nobody until a player
   * with that key is ready. The members of their prefabs must be the same; an `extensible` struct may have gained
   * fields, and optional prefabs and members may have come or gone: what is gone is left out.
   *
   * @param statics the behaviours of its static objects, by name
   * @throws NetworkError `ERR_BAD_VALUE`, or what reading throws, for bytes that no `save` of these prefabs wrote;
   *   `ERR_STATE` for objects whose number or name is in use, and while the server is not active; TypeError for missing
   *   behaviours; what factories throw. Nothing has changed then
   */
  load(bytes: Uint8Array, statics: Readonly<Record<string, Readonly<Record<string, NetworkBehaviour>>>> = {}): void {
    this.#core.assertActive();
    loadWorld(readWorld(bytes, this.#layouts), statics, {
      core: this.#core,
      factories: this.#factories,
      statics: this.#statics,
      absent: this.#absent,
    });
    for (const player of this.#core.players.keys()) this.#ownersBack(player, this.#core.report);
  }

  #ownersBack(player: INetworkPlayer, report: (error: unknown) => void): void {
    const setCharacter = (object: ServerObject) => {
      // Its program may be without the prefab.
      if (this.#core.players.get(player)?.knows(object)) this.#core.setCharacter(player, object);
    };
    try {
      this.#absent.playerReady(player, setCharacter);
    } catch (error) {
      report(error);
    }
  }

  /**
   * Sends the ordered changes of all objects, and the objects that players see for the first time, now and not at the
   * end of the tick: they arrive before any message that is sent afterwards on the same lane.
   */
  flush(): void {
    this.#core.flush();
  }

  /**
   * Calls `look` while all that the player sees is where it saw it: `interpolate` members have the values that it
   * showed when it sent the call, or gave the input, that is handled now. They are restored then, also if `look`
   * throws; what it sets of them is lost. What the client says of its time is believed up to its round trip, the
   * interval of states, the time that it waited here for its tick and 50 ms, and up to 500 ms.
   *
   * @returns what `look` returns
   * @throws NetworkError `ERR_REWIND` inside a `look`, and if `look` returns a promise; `ERR_STATE` for a player that
   *   is not ready; what `look` throws
   */
  rewind<Result>(player: INetworkPlayer, look: () => Result): Result {
    return this.#rewinds.look(player, look);
  }

  /** The object that a player controls, null without one. */
  characterOf(player: INetworkPlayer): NetworkIdentity | null {
    const { character } = this.#core.standings.of(player);
    return character?.isSpawned ? character : null;
  }

  /**
   * Says which object a player controls. It owns it from now on, and sees the world from there.
   *
   * @throws NetworkError `ERR_STATE` for a player that is not ready, `ERR_MESSAGE_NOT_AGREED` for one whose program
   *   does not have the optional prefab
   */
  setCharacter(player: INetworkPlayer, identity: NetworkIdentity | null): void {
    this.#core.setCharacter(player, identity && this.#objectOf(identity));
  }

  /** From where a player sees, in place of its character's position; null for that again. */
  focus(player: INetworkPlayer, position: WorldPosition | null): void {
    this.#core.standings.of(player).focus = position && { ...position };
  }

  /**
   * Where the rules `grid` of `interest` have found objects and players in the last tick, one for each rule. It goes
   * through all objects: the inspector asks for it while its page shows objects.
   *
   * @param maxCells how many squares of each it gives, 1 or more: those with the most objects @defaultValue 1000
   * @throws RangeError `ERR_OUT_OF_RANGE`
   */
  interestGrids(maxCells = 1000): InterestGrid[] {
    checkInteger("maxCells", maxCells, 1, Number.MAX_SAFE_INTEGER);
    return this.#interest.grids(maxCells);
  }

  /** A player sees the objects of a group from now on. @throws NetworkError `ERR_STATE` without `groups()` */
  join(player: INetworkPlayer, group: unknown): void {
    const groups = this.#groups;
    this.#core.standings.of(player).groups.add(group);
    const of = this.#core.players.get(player);
    if (of) groups.join(of.index, group);
  }

  /** The opposite of `join`. */
  leave(player: INetworkPlayer, group: unknown): void {
    const groups = this.#groups;
    this.#core.standings.of(player).groups.delete(group);
    const of = this.#core.players.get(player);
    if (of) groups.leave(of.index, group);
  }

  /** Moves an object to a group; `undefined` for none. @throws as `join` */
  setGroup(identity: NetworkIdentity, group: unknown): void {
    this.#groups.setGroup(this.#objectOf(identity).item, group);
  }

  /**
   * How many bytes the changed members of an object have taken, to all players who see it, without spawns, calls, and
   * the heads of packets. It counts from the first call on, and as long as there is one every 5 s; then it begins anew.
   *
   * @throws TypeError for what is no object of this world
   */
  sentBytesOf(identity: NetworkIdentity): number {
    const { states } = this.#core;
    states.meter ??= new ObjectMeter(this.#clock, () => {
      states.meter = null;
    });
    return states.meter.bytesOf(this.#objectOf(identity));
  }

  /** What has become of a player's inputs: zeros before it has controlled anything. */
  inputsOf(player: INetworkPlayer): InputMetrics {
    return this.#inputs.metricsOf(player);
  }

  /** Adds a listener of an event. @returns a function that removes it */
  on<Name extends keyof ServerObjectEvents>(name: Name, listener: EventListener<ServerObjectEvents[Name]>): () => void {
    return this.#core.events.on(name, listener);
  }

  get #groups() {
    const { groups } = this.#interest;
    if (groups) return groups;
    throw new NetworkError("ERR_STATE", "The manager has no groups: give it the option interest: groups()");
  }

  #objectOf(identity: NetworkIdentity): ServerObject {
    if (identity instanceof ServerObject && identity.isSpawned) return identity;
    throw invalidType("The identity must be of an object of this world");
  }
}
