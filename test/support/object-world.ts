import {
  defineProtocol,
  type ErrorBudget,
  type INetworkPlayer,
  type NetworkClient,
  type NetworkClientOptions,
  type ProtocolPart,
} from "../../lib/message/index.js";
import { syncList, syncSet } from "../../lib/object/behaviour/collections.js";
import type { RpcCall } from "../../lib/object/behaviour/rpc.js";
import { syncRef } from "../../lib/object/behaviour/sync-ref.js";
import { clientRpc, serverRpc } from "../../lib/object/declare-rpc.js";
import {
  ClientObjectManager,
  type ClientObjectManagerOptions,
  definePrefab,
  NetworkBehaviour,
  type NetworkIdentity,
  networked,
  type PredictionDefinition,
  type Prefab,
  ServerObjectManager,
  type ServerObjectManagerOptions,
} from "../../lib/object/index.js";
import { string, u8, u16, vec2 } from "../../lib/serialization/index.js";
import type { LagConditions, MemorySocketKind, SocketFactory } from "../../lib/socket/index.js";
import { MessageWorld } from "./message-world.js";

export class ShipParts extends NetworkBehaviour {}
export class EngineParts extends NetworkBehaviour {}
export class RockParts extends NetworkBehaviour {}

export const Ship = networked(ShipParts, {
  name: [string(16), { initialOnly: true }],
  health: u8,
  ammo: [u16, { to: "owner" }],
  rumour: [u8, { to: "others" }],
  heading: [u16, { from: "owner", validate: (value: number) => value < 1000 }],
  aim: [u16, { from: "owner", delivery: "latest" }],
  position: [vec2(u16), { delivery: "latest" }],
});
export const Engine = networked(EngineParts, {
  power: u8,
  heat: [u16, { delivery: "latest" }],
});
export const Rock = networked(RockParts, { size: u8 });
export const ShipPrefab: Prefab<{ ship: typeof Ship; engine: typeof Engine }> = definePrefab("ship", {
  ship: Ship,
  engine: Engine,
});
export const RockPrefab: Prefab<{ rock: typeof Rock }> = definePrefab("rock", {
  rock: Rock,
});
export class ShopParts extends NetworkBehaviour {
  readonly log: unknown[] = [];
  declare stock: number;
  async buy(item: number, call?: RpcCall): Promise<number> {
    this.log.push(["buy", item, call?.player.id, this.stock]);
    this.stock -= 1;
    return this.stock;
  }
  sold(item: number) {
    this.log.push(["sold", item, this.stock]);
  }
}
export const Shop = networked(
  ShopParts,
  {
    stock: [u8, { from: "both" }],
    shelves: syncList(u16, 40),
    wishes: syncSet(string(8), 9, { from: "owner" }),
    neighbour: syncRef(() => ShopParts),
  },
  { buy: serverRpc([u16], { returns: u8 }), sold: clientRpc([u16]) },
);
export const ShopPrefab: Prefab<{ shop: typeof Shop }> = definePrefab("shop", { shop: Shop });
export const prefabs: readonly Prefab[] = [ShipPrefab, RockPrefab, ShopPrefab];
export type AnyShip = InstanceType<typeof Ship>;
export type AnyEngine = InstanceType<typeof Engine>;

export interface ObjectWorldOptions {
  kind?: MemorySocketKind;
  /** See `MessageWorldOptions`. */
  sockets?: (port: number) => SocketFactory;
  /** See `MessageWorldOptions`. */
  isRealTime?: boolean;
  manager?: Partial<ServerObjectManagerOptions>;
  /** Those of both sides. @defaultValue `prefabs` */
  prefabs?: readonly Prefab[];
  /** Those of both sides. @defaultValue none */
  predictions?: readonly PredictionDefinition[];
  tickRate?: number;
  errorBudget?: Partial<ErrorBudget>;
  /** For so long a player whose connection is lost may come back. @defaultValue not at all */
  resumeWindowMs?: number;
  messages?: readonly ProtocolPart[];
  /** What both ends do to the packets that they send. */
  lag?: Partial<LagConditions>;
  seed?: number;
}

/** A client with its world, and its player on the server. */
export interface ObjectEnd {
  readonly client: NetworkClient;
  readonly player: INetworkPlayer;
  readonly world: ClientObjectManager;
  readonly log: string[];
}

/** A server's world of objects and clients that see it. */
export class ObjectWorld extends MessageWorld {
  readonly objects: ServerObjectManager;
  readonly failures: unknown[] = [];
  readonly #parts: Pick<ServerObjectManagerOptions, "prefabs" | "predictions">;

  constructor(options: ObjectWorldOptions = {}) {
    const { kind = "datagram", manager = {}, tickRate = 20, lag, seed = 1, messages = [], errorBudget } = options;
    const { isRealTime = false, resumeWindowMs, sockets } = options;
    const parts = { prefabs: options.prefabs ?? prefabs, predictions: options.predictions ?? [] };
    const protocol = defineProtocol({ name: "objects", version: 1, messages });
    const sessions = resumeWindowMs && { sessions: { resumeWindowMs } };
    const server = { tickRate, ...(errorBudget && { errorBudget }), ...sessions };
    super({ protocol, kind, server, ...(lag && { lag }), ...(sockets && { sockets }), isRealTime, seed });
    this.#parts = { ...parts, ...(manager.prefabs && { prefabs: manager.prefabs }) };
    this.objects = new ServerObjectManager(this.server, { ...parts, onError: this.#onError, ...manager });
  }

  /**
   * @param prepare gets the manager before it connects
   * @param parts of the manager, where they are not those of the server
   */
  async enter(
    prepare: (world: ClientObjectManager) => void = () => {},
    options: Partial<NetworkClientOptions> = {},
    parts: Partial<ClientObjectManagerOptions> = {},
  ): Promise<ObjectEnd> {
    return this.#enter(this.newClient(options), parts, (client) => client.connect(), prepare);
  }

  /** Starts the server with a client in its process. */
  async startHost(
    host: "shared" | "replica" = "shared",
    prepare: (world: ClientObjectManager) => void = () => {},
  ): Promise<ObjectEnd> {
    const start = async (localClient: NetworkClient) => {
      await this.server.start({ localClient });
      await this.until(() => localClient.isAuthenticated);
      return localClient.player as INetworkPlayer;
    };
    return this.#enter(this.newClient(), { host }, start, prepare);
  }

  async #enter(
    client: NetworkClient,
    options: Partial<ClientObjectManagerOptions>,
    connect: (client: NetworkClient) => Promise<INetworkPlayer>,
    prepare: (world: ClientObjectManager) => void = () => {},
  ): Promise<ObjectEnd> {
    const world = new ClientObjectManager(client, { ...this.#parts, onError: this.#onError, ...options });
    prepare(world);
    const log: string[] = [];
    for (const name of ["spawned", "unspawned"] as const) {
      world.on(
        name,
        (identity: NetworkIdentity, reason?: string) =>
          void log.push(`${name} ${identity.prefab}${reason ? ` ${reason}` : ""}`),
      );
    }
    world.on("worldReady", () => void log.push("worldReady"));
    const connecting = connect(client);
    connecting.catch(() => {});
    await this.until(() => client.isAuthenticated || !client.active);
    const { id } = await connecting;
    const player = this.server.players.find((one) => one.id === id) as INetworkPlayer;
    await this.run(200);
    return { client, player, world, log };
  }

  readonly #onError = (error: unknown) => void this.failures.push(error);
}
