import { defineProtocol, type INetworkPlayer, type NetworkClientOptions } from "../../lib/message/index.js";
import {
  type ClientObjectManager,
  clientRpc,
  definePrefab,
  linear,
  NetworkBehaviour,
  type NetworkIdentity,
  networked,
  type Prefab,
  type SyncList,
  type SyncMap,
  type SyncRef,
  type SyncSet,
  serverRpc,
  syncList,
  syncMap,
  syncRef,
  syncSet,
} from "../../lib/object/index.js";
import { float32, string, u8, u16 } from "../../lib/serialization/index.js";
import { type ObjectEnd, ObjectWorld, type ObjectWorldOptions } from "./object-world.js";

/** A ship of any version. Members and calls that its version does not have are undefined. */
export class ShipParts extends NetworkBehaviour {
  declare health: number;
  declare heading: number;
  declare position: number;
  declare next: SyncRef<ShipParts>;
  declare accent: number;
  declare bearing: number;
  declare cargo: SyncList<number>;
  declare glide: number;
  declare items: SyncMap<number, number>;
  declare lookout: number;
  declare rival: SyncRef<ShipParts>;
  declare secret: number;
  declare trail: number;
  declare rudder: number;
  declare sail: number;
  declare wishes: SyncSet<number>;
  declare zoom: number;
  /** What was called here. */
  readonly said: string[] = [];
  alarm(number: number): void {
    this.said.push(`alarm ${number}`);
  }
  hit(number: number): void {
    this.said.push(`hit ${number}`);
  }
  async ask(_player: INetworkPlayer, number: number): Promise<number> {
    return number + 1;
  }
  zap(number: number): void {
    this.said.push(`zap ${number}`);
  }
  async beg(number: number): Promise<number> {
    this.said.push(`beg ${number}`);
    return number + 1;
  }
  async buy(number: number): Promise<number> {
    this.said.push(`buy ${number}`);
    return number + 2;
  }
  wave(number: number): void {
    this.said.push(`wave ${number}`);
  }
}

const friends = new WeakSet<INetworkPlayer>();
/** Has the player get `secret` and `trail` of all objects that are spawned, or asked about, from now on. */
export const befriend = (player: INetworkPlayer): unknown => friends.add(player);
const isFriend = (player: INetworkPlayer) => friends.has(player);

const OPTION = { optional: true } as const;
/** Their names stand before, between and behind those of what every version has. */
const MEMBERS = {
  accent: [u8, OPTION],
  bearing: [u16, { ...OPTION, delivery: "latest" }],
  cargo: syncList(u16, 20, OPTION),
  glide: [float32, { ...OPTION, delivery: "latest", interpolate: linear }],
  items: syncMap(u8, u16, 20, OPTION),
  lookout: [u8, { ...OPTION, to: "owner" }],
  rival: syncRef(() => ShipParts, OPTION),
  rudder: [u16, { ...OPTION, from: "owner" }],
  sail: [u16, { ...OPTION, from: "owner", delivery: "latest" }],
  secret: [u8, { ...OPTION, to: isFriend }],
  trail: [u16, { ...OPTION, to: isFriend, delivery: "latest" }],
  wishes: syncSet(u8, 20, { ...OPTION, from: "owner" }),
  zoom: [u8, { ...OPTION, initialOnly: true }],
} as const;
const RPCS = {
  alarm: clientRpc([u8], OPTION),
  ask: clientRpc([u8], { ...OPTION, to: "player", returns: u8 }),
  beg: serverRpc([u8], { ...OPTION, returns: u8 }),
  wave: serverRpc([u8], OPTION),
  zap: clientRpc([u8], { ...OPTION, unordered: true }),
} as const;
const PREFABS = ["anchor", "whale"] as const;

export const OPTIONAL_MEMBERS: readonly (keyof typeof MEMBERS)[] = Object.keys(MEMBERS) as never;
export const OPTIONAL: readonly string[] = [...OPTIONAL_MEMBERS, ...Object.keys(RPCS), ...PREFABS];

type ShipPrefab = Prefab<{ ship: typeof ShipParts; engine: typeof ShipParts }>;

/** A version of a game: what every one has, and these optional parts. */
export class GameVersion {
  readonly has: ReadonlySet<string>;
  readonly ship: ShipPrefab;
  readonly anchor: Prefab<{ anchor: typeof ShipParts }>;
  readonly whale: Prefab<{ whale: typeof ShipParts }>;
  readonly prefabs: readonly Prefab[];

  constructor(has: Iterable<string>) {
    this.has = new Set(has);
    const pick = (all: object) => Object.entries(all).filter(([name]) => this.has.has(name));
    const members = {
      ...{ health: u8, heading: [u16, { from: "owner" }], position: [u16, { delivery: "latest" }] },
      ...{ next: syncRef(() => ShipParts), ...Object.fromEntries(pick(MEMBERS)) },
    };
    const rpcs = { hit: clientRpc([u8]), buy: serverRpc([u8], { returns: u8 }), ...Object.fromEntries(pick(RPCS)) };
    const Ship = networked(class Ship extends ShipParts {}, members as never, rpcs as never) as typeof ShipParts;
    const Engine = networked(class Engine extends ShipParts {}, { power: u8, title: string(9) } as never);
    this.ship = definePrefab("ship", { ship: Ship, engine: Engine as typeof ShipParts });
    this.anchor = definePrefab("anchor", { anchor: Ship }, OPTION);
    this.whale = definePrefab("whale", { whale: Ship }, OPTION);
    const prefabs: Prefab[] = [this.ship as unknown as Prefab];
    if (this.has.has("anchor")) prefabs.push(this.anchor as unknown as Prefab);
    if (this.has.has("whale")) prefabs.push(this.whale as unknown as Prefab);
    this.prefabs = prefabs;
  }
}

export const newVersion = (): GameVersion => new GameVersion(OPTIONAL);
export const oldVersion = (): GameVersion => new GameVersion([]);

export const protocolOf = () => defineProtocol({ name: "objects", version: 1, messages: [] });

/** A server of one version and clients of others. */
export class VersionWorld extends ObjectWorld {
  readonly version: GameVersion;

  constructor(version: GameVersion, options: ObjectWorldOptions = {}) {
    super({ prefabs: version.prefabs, ...options });
    this.version = version;
  }

  /** A client of this version. */
  meet(
    { prefabs }: GameVersion,
    prepare: (world: ClientObjectManager) => void = () => {},
    options: Partial<NetworkClientOptions> = {},
  ): Promise<ObjectEnd> {
    return this.enter(prepare, { protocol: protocolOf(), ...options }, { prefabs });
  }
}

/** The ship of an object that a client sees, or of the server's. */
export const shipOf = (identity: NetworkIdentity | null): ShipParts =>
  (identity?.behaviours.ship ?? identity?.behaviours.anchor ?? identity?.behaviours.whale) as ShipParts;
