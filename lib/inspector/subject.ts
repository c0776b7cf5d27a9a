import { invalidType } from "../arguments.js";
import type { Clock } from "../clock.js";
import type { VoicePlayback } from "../comms/audio.js";
import type { InspectedNetwork } from "../comms/index.js";
import {
  DisconnectCode,
  type DisconnectReason,
  type INetworkPlayer,
  NetworkClient,
  NetworkServer,
} from "../message/index.js";
import type { MessageDefinition } from "../message/protocol/message.js";
import type { ClientFigures, InterestGrid, NetworkIdentity } from "../object/index.js";
import { metricsOfHost } from "../rooms/health.js";
import { RoomHost } from "../rooms/index.js";
import type { LagSocketFactory } from "../socket/index.js";
import type { NetworkingSockets } from "../valve/sockets/networking-sockets.js";
import type { ConnectionRow, RoomRow } from "./snapshot.js";
import { socketRows } from "./socket-rows.js";

/** Connections of GNS: an `Endpoint`, or `NetworkingSockets` and the handles of those that are open. */
export interface InspectedSockets {
  /** What the connections belong to. */
  readonly sockets: NetworkingSockets;
  /** Their handles; asked for at each snapshot. */
  readonly connections: Iterable<number | { readonly handle: number }>;
}

/** What `inspect` shows. */
export type Inspected = NetworkServer | NetworkClient | RoomHost | InspectedSockets;

/** Anything that lists objects: a `ServerObjectManager` or `ClientObjectManager`. */
export interface InspectedObjects {
  /** All objects of the world. */
  readonly objects: readonly NetworkIdentity[];
  /** Of a server: what an object has taken so far, in bytes. */
  sentBytesOf?(identity: NetworkIdentity): number;
  /** Of a server: the squares of its rules `grid`, `maxCells` of each at most. */
  interestGrids?(maxCells: number): InterestGrid[];
  /** Of a client: how well it keeps up. */
  readonly metrics?: { readonly corrections: number; readonly shownDelayMs: number };
}

/** What an inspected thing gives, whatever it is. */
export interface View {
  readonly kind: "server" | "client" | "rooms" | "sockets";
  readonly name: string;
  readonly version: number;
  readonly messages: readonly MessageDefinition<unknown>[];
  /** Those who are connected or suspended; nobody for sockets. */
  players(): readonly INetworkPlayer[];
  /** The number of a player, which no other one of the view has. */
  idOf(player: INetworkPlayer): number;
  /** Connections without players. */
  connections(): ConnectionRow[];
  metrics(): object;
  rooms(): RoomRow[];
  /** Calls `left` with each player who leaves for good. @returns ends it */
  onLeft(left: Left): () => void;
}

type Left = (player: INetworkPlayer, reason: DisconnectReason) => void;

/** What is looked at, with its parts and what may be done. */
export interface Subject {
  readonly view: View;
  readonly objects: InspectedObjects | null;
  readonly figures: ClientFigures | null;
  readonly comms: InspectedNetwork | null;
  readonly playback: VoicePlayback | null;
  readonly lag: LagSocketFactory | null;
  readonly controls: boolean;
  readonly payloads: boolean;
  readonly clock: Clock;
}

/** @throws TypeError `ERR_INVALID_ARG_TYPE` for what cannot be inspected */
export function viewOf(inspected: Inspected): View {
  if (inspected instanceof NetworkServer) {
    const players = () => inspected.players;
    const onLeft = (left: Left) => inspected.on("disconnected", left);
    const metrics = () => inspected.metrics;
    return { ...ofProtocol(inspected), kind: "server", players, metrics, rooms: () => [], onLeft };
  }
  if (inspected instanceof NetworkClient) {
    const players = () => (inspected.player ? [inspected.player] : []);
    const onLeft = (left: Left) => onClientLeft(inspected, left);
    const metrics = () => inspected.metrics;
    return { ...ofProtocol(inspected), kind: "client", players, metrics, rooms: () => [], onLeft };
  }
  if (inspected instanceof RoomHost) return ofRooms(inspected);
  if (typeof inspected?.sockets === "object" && typeof inspected.connections === "object") return ofSockets(inspected);
  throw invalidType("inspect shows a NetworkServer, NetworkClient, RoomHost, Endpoint, or { sockets, connections }");
}

const ofProtocol = ({ protocol: { name, version, messages } }: Pick<NetworkServer, "protocol">) => ({
  ...{ name, version, messages, connections: () => [], idOf: ({ id }: INetworkPlayer) => id },
});

function ofRooms(host: RoomHost): View {
  const servers = () => [host.server, ...host.rooms.map(({ server }) => server)];
  // Each room numbers its players itself.
  const ids = new WeakMap<INetworkPlayer, number>();
  let lastId = 0;
  const idOf = (player: INetworkPlayer) => {
    const id = ids.get(player) ?? ++lastId;
    ids.set(player, id);
    return id;
  };
  return {
    ...ofProtocol(host.server),
    kind: "rooms",
    idOf,
    players: () => servers().flatMap(({ players }) => players),
    metrics: () => metricsOfHost(host),
    onLeft: (left) => onLeftOf(servers, left),
    rooms: () =>
      host.rooms.map(({ id, kind, players, spectators, freeSeats, isLocked, code, labels }) => ({
        ...{ id, kind, freeSeats, isLocked, isPrivate: code !== null, labels: JSON.stringify(labels) },
        ...{ players: players.map(idOf), spectators: spectators.length },
      })),
  };
}

/** A client does not have its player any more when it has left. */
function onClientLeft(client: NetworkClient, left: Left): () => void {
  let last = client.player;
  const ends = [
    client.on("connected", (player) => {
      last = player;
    }),
    client.on("disconnected", (reason) => last && left(last, reason)),
  ];
  return () => {
    for (const end of ends) end();
  };
}

/** Who goes into a room leaves the server before it: so all rooms with players are heard. */
function onLeftOf(servers: () => readonly NetworkServer[], left: Left): () => void {
  const ends = new Map<NetworkServer, () => void>();
  const hear = () => {
    const present = new Set(servers());
    for (const [server, end] of ends) {
      if (present.has(server)) continue;
      end();
      ends.delete(server);
    }
    for (const server of present) {
      if (!ends.has(server)) ends.set(server, server.on("disconnected", onEnd));
    }
  };
  const onEnd: Left = (player, reason) => {
    if (reason.code === DisconnectCode.Moved) hear();
    else left(player, reason);
  };
  hear();
  return () => {
    for (const end of ends.values()) end();
  };
}

function ofSockets(inspected: InspectedSockets): View {
  const { sockets } = inspected;
  // An Endpoint gives another list each time.
  const handles = () => [...inspected.connections].map((one) => (typeof one === "number" ? one : one.handle));
  return {
    ...{ kind: "sockets", name: "GameNetworkingSockets", version: 1, messages: [] },
    players: () => [],
    idOf: ({ id }) => id,
    connections: () => socketRows(sockets, handles()),
    metrics: () => ({}),
    rooms: () => [],
    onLeft: () => () => {},
  };
}
