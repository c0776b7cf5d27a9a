import { expect } from "vitest";
import {
  type ClientObjectManager,
  clientRpc,
  definePrefab,
  type INetworkPlayer,
  NetworkBehaviour,
  type NetworkIdentity,
  networked,
  type Prefab,
  serverRpc,
  syncList,
  syncMap,
  syncRef,
  syncSet,
} from "../../lib/object/index.js";
import { string, u8, u16 } from "../../lib/serialization/index.js";
import {
  type LagConditions,
  LagSocketFactory,
  type MemorySocketKind,
  type SocketFactory,
} from "../../lib/socket/index.js";
import { seededRandom } from "../../lib/testing/index.js";
import { CuttableFactory } from "./message-world.js";
import { ObjectHistory } from "./object-history.js";
import { type AnyEngine, type AnyShip, type ObjectEnd, ObjectWorld, ShipPrefab } from "./object-world.js";

const CLIENTS = 5;
/** For so long a client stays away: the server has missed it by then. */
const AWAY_MS = 12_000;
const MAX_OBJECTS = 12;

/** The players who get what is secret, by the object's `netId`. */
const friends = new WeakMap<INetworkPlayer, Set<number>>();
const isFriend = (player: INetworkPlayer, behaviour: NetworkBehaviour) =>
  friends.get(player)?.has(behaviour.identity.netId) === true;

class CrateParts extends NetworkBehaviour {
  /** What was said, and asked, in its order. */
  readonly said: number[] = [];
  readonly asked: number[] = [];
  say(number: number): void {
    this.said.push(number);
  }
  ask(number: number): void {
    this.asked.push(number);
  }
}

const Crate = networked(
  CrateParts,
  {
    items: syncList(u16, 40),
    prices: syncMap(u8, u16, 20, { every: 3 }),
    tags: syncSet(string(4), 20, { to: isFriend }),
    wishes: syncList(u8, 20, { from: "both" }),
    code: [u16, { to: isFriend }],
    place: [u16, { to: isFriend, delivery: "latest" }],
    next: syncRef(() => CrateParts),
  },
  { say: clientRpc([u16]), ask: serverRpc([u16]) },
);
const CratePrefab = definePrefab("crate", { crate: Crate });
type AnyCrate = InstanceType<typeof Crate>;

const prefabs: readonly Prefab[] = [ShipPrefab, CratePrefab];

interface Parts {
  readonly ship?: AnyShip;
  readonly engine?: AnyEngine;
  readonly crate?: AnyCrate;
}

const partsOf = ({ behaviours }: NetworkIdentity) => behaviours as Parts;

export interface ObjectModelOptions {
  readonly kind?: MemorySocketKind;
  /** Real sockets in place of those in memory: see `MessageWorldOptions`. */
  readonly sockets?: (port: number) => SocketFactory;
  readonly loss: number;
  /** What the first of the clients is: that of the server's process, with the server's objects or with its own. */
  readonly host?: "shared" | "replica" | null;
  /** How often a client's connection is lost and comes back, and the world is saved and loaded, in all. */
  readonly breaks?: number;
}

/** A client of the model. */
interface ModelEnd extends ObjectEnd {
  readonly cut: CuttableFactory | null;
  readonly history: ObjectHistory;
}

/** Random operations on a server with five clients, and what each client may know then. */
export class ObjectModel {
  readonly world: ObjectWorld;
  readonly random: () => number;
  /** By `netId`. */
  readonly hidden = new Map<number, Set<ObjectEnd>>();
  readonly ends: ModelEnd[] = [];
  readonly #options: ObjectModelOptions;
  readonly #lag: Partial<LagConditions>;
  /** The calls that the server has run have these numbers, by object. */
  #calls = 0;

  constructor(seed: number, options: ObjectModelOptions) {
    this.#options = options;
    this.random = seededRandom(seed);
    const { kind = "datagram", loss, sockets } = options;
    const lag = { loss, latencyMs: 20, jitterMs: 10, reorder: loss / 3 };
    this.#lag = lag;
    const manager = { ownerKey: ({ id }: INetworkPlayer) => `player ${id}` };
    const settings = { kind, lag, seed, prefabs, tickRate: 50, manager, resumeWindowMs: 60_000 };
    this.world = new ObjectWorld({ ...settings, ...(sockets && { sockets, isRealTime: true }) });
  }

  async start(): Promise<void> {
    const { host } = this.#options;
    if (!host) await this.world.server.start();
    for (let index = 0; index < CLIENTS; index++)
      this.ends.push(await this.#enter(index === 0 ? (host ?? null) : null));
  }

  async #enter(host: "shared" | "replica" | null): Promise<ModelEnd> {
    const history = new ObjectHistory(host === "shared");
    const { kind = "datagram", sockets } = this.#options;
    const cut = host || sockets ? null : new CuttableFactory(this.world.network, { kind });
    const prepare = (seen: ClientObjectManager) => history.follow(seen);
    const { random, world } = this;
    const { clock } = world;
    // Of hundreds of clients that lose a third of their packets one does not connect in time.
    const options = cut && { socketFactory: new LagSocketFactory(cut, { ...this.#lag, clock, random }) };
    const enter = () => this.world.enter(prepare, options ?? {});
    const end = host ? await this.world.startHost(host, prepare) : await enter().catch(enter);
    friends.set(end.player, new Set());
    return { ...end, cut, history };
  }

  /** A client loses its connection, and its session goes on after a while in which the world has changed. */
  async #lose({ cut, client }: ModelEnd): Promise<void> {
    if (!cut) return;
    cut.isCut = cut.isDeaf = true;
    for (let passed = 0; passed < AWAY_MS; passed += 200) {
      this.#step();
      await this.world.run(200, 50);
    }
    cut.isCut = cut.isDeaf = false;
    await this.world.until(() => client.isAuthenticated, 20);
  }

  /** The world ends, and is made again from what was saved. */
  #reload(): void {
    const { objects } = this.world;
    const bytes = objects.save();
    for (const identity of objects.objects) identity.destroy();
    this.hidden.clear();
    objects.load(bytes);
    for (const { netId } of objects.objects) this.hidden.set(netId, new Set());
  }

  /** Ends it, so that real sockets are closed. */
  async stop(): Promise<void> {
    const ended = [...this.ends.map(({ client }) => client.disconnect()), this.world.server.stop()];
    await this.world.run(1000, 10);
    await Promise.all(ended);
  }

  /** Operations with time between them, and `restMs` after the last one. */
  async run(operations: number, restMs: number): Promise<void> {
    const { breaks = 0 } = this.#options;
    const between = Math.ceil(operations / (breaks + 1));
    for (let index = 1; index <= operations; index++) {
      this.#step();
      if (index % between === 0 && index < operations) {
        if (this.random() < 0.5) await this.#lose(this.#pick(this.ends));
        else this.#reload();
      }
      if (this.random() < 0.5) await this.world.run(10, 10);
    }
    await this.world.run(restMs, 10);
    expect([this.world.errors, this.world.failures, this.world.warnings]).toEqual([[], [], []]);
    this.#check();
  }

  #number(max: number): number {
    return Math.floor(this.random() * max);
  }

  #pick<T>(of: readonly T[]): T {
    return of[this.#number(of.length)] as T;
  }

  #step(): void {
    const all = this.world.objects.objects;
    if (all.length === 0 || (all.length < MAX_OBJECTS && this.random() < 0.1)) {
      this.#spawn();
      return;
    }
    const identity = this.#pick(all);
    const end = this.#pick(this.ends);
    const choice = this.#number(20);
    if (choice === 0 && this.random() < 0.5) identity.destroy();
    else if (choice === 1) identity.setOwner(this.random() < 0.3 ? null : end.player);
    else if (choice === 2) {
      identity.hide(end.player);
      this.hidden.get(identity.netId)?.add(end);
    } else if (choice === 3) {
      identity.show(end.player);
      this.hidden.get(identity.netId)?.delete(end);
    } else if (choice <= 7) this.#ownerSets(identity, end);
    else {
      const { ship, engine, crate } = partsOf(identity);
      if (ship && engine) this.#setShip(ship, engine);
      if (crate) this.#setCrate(crate, identity, end);
    }
  }

  #spawn(): void {
    const owner = this.random() < 0.5 ? this.#pick(this.ends).player : null;
    const { identity } =
      this.random() < 0.5
        ? this.world.objects.spawn(ShipPrefab, {
            owner,
            init: ({ ship }) => {
              ship.name = `s${this.#number(99)}`;
              ship.health = this.#number(256);
            },
          })
        : this.world.objects.spawn(CratePrefab, { owner, init: ({ crate }) => crate.items.push(this.#number(99)) });
    this.hidden.set(identity.netId, new Set());
  }

  #setShip(ship: AnyShip, engine: AnyEngine): void {
    const choice = this.#number(7);
    if (choice === 0) ship.health = this.#number(256);
    else if (choice === 1) ship.ammo = this.#number(60_000);
    else if (choice === 2) ship.rumour = this.#number(256);
    else if (choice <= 4) ship.position.x = this.#number(60_000);
    else if (choice === 5) engine.heat = this.#number(60_000);
    else engine.power = this.#number(256);
  }

  #setCrate(crate: AnyCrate, { netId }: NetworkIdentity, { player }: ObjectEnd): void {
    const { items, prices, tags, wishes } = crate;
    const choice = this.#number(12);
    if (choice === 0 && items.length < 40) items.splice(this.#number(items.length + 1), 0, this.#number(999));
    else if (choice === 1 && items.length > 0) items.splice(this.#number(items.length), 1);
    else if (choice === 2 && items.length > 0) items.set(this.#number(items.length), this.#number(999));
    else if (choice === 3) prices.set(this.#number(20), this.#number(999));
    else if (choice === 4) prices.delete(this.#number(20));
    else if (choice === 5) tags[this.random() < 0.7 ? "add" : "delete"](`t${this.#number(9)}`);
    else if (choice === 6) wishes.replaceAll([this.#number(9), this.#number(9)]);
    else if (choice === 7) crate.code = this.#number(60_000);
    else if (choice === 8) crate.place = this.#number(60_000);
    else if (choice === 9) {
      const others = this.world.objects.objects.map((one) => partsOf(one).crate).filter((one) => one !== undefined);
      crate.next.value = this.random() < 0.2 ? null : (this.#pick(others) as AnyCrate);
    } else if (choice === 10) {
      const known = friends.get(player) as Set<number>;
      if (!known.delete(netId)) known.add(netId);
      for (const member of ["code", "place", "tags"] as const) crate.rescope(member);
    } else if (choice === 11) crate.say(++this.#calls % 60_000);
  }

  #ownerSets({ netId }: NetworkIdentity, end: ObjectEnd): void {
    const seen = end.world.get(netId);
    if (!seen?.isOwner) return;
    const { ship, crate } = partsOf(seen);
    if (ship && this.random() < 0.5) ship.heading = this.#number(1200);
    else if (ship) ship.aim = this.#number(60_000);
    if (crate && this.random() < 0.5 && crate.wishes.length < 20) crate.wishes.push(this.#number(99));
    else if (crate) crate.ask(++this.#calls % 60_000);
  }

  /** What a player may know of the server's object, or knows. */
  #known(identity: NetworkIdentity, end: ObjectEnd, isOwner: boolean) {
    const { ship, engine, crate } = partsOf(identity);
    if (ship && engine) {
      const { name, health, position, heading, aim, ammo, rumour } = ship;
      const own = isOwner ? { ammo, rumour: 0 } : { ammo: 0, rumour };
      return { name, health, position: { ...position }, heading, aim, power: engine.power, heat: engine.heat, ...own };
    }
    const { items, prices, tags, wishes, code, place, next } = crate as AnyCrate;
    const isKnown = friends.get(end.player)?.has(identity.netId) === true;
    const target = next.value?.identity.netId ?? 0;
    const isSeen = end.world.get(target) !== null;
    return {
      items: [...items],
      prices: [...prices].sort(([a], [b]) => a - b),
      wishes: [...wishes],
      next: isSeen ? target : 0,
      ...(isKnown ? { code, place, tags: [...tags].sort() } : { code: 0, place: 0, tags: [] }),
    };
  }

  #check(): void {
    const { objects } = this.world;
    for (const end of this.ends) {
      const expected = objects.objects.filter(({ netId }) => !this.hidden.get(netId)?.has(end));
      const sorted = (all: readonly NetworkIdentity[]) =>
        all
          .map((identity) => {
            const isOwner = objects.get(identity.netId)?.owner === end.player;
            return [identity.netId, isOwner, this.#known(identity, end, isOwner)] as const;
          })
          .sort((a, b) => a[0] - b[0]);
      expect(sorted(end.world.objects)).toEqual(sorted(expected));
      for (const identity of end.world.objects) {
        expect(identity.isOwner).toBe(objects.get(identity.netId)?.owner === end.player);
        const said = partsOf(identity).crate?.said ?? [];
        expect(said).toEqual([...new Set(said)].sort((a, b) => a - b));
      }
      end.history.check(end.world.objects);
    }
    for (const identity of objects.objects) {
      const asked = partsOf(identity).crate?.asked ?? [];
      expect(asked.length).toBe(new Set(asked).size);
    }
  }
}
