/// <reference path="../globals.ts" preserve="true" />
/** Many rooms behind one port. See docs/rooms.md. */

export type { Clock } from "../clock.js";
export type {
  DisconnectReason,
  Door,
  INetworkPlayer,
  MessageDefinition,
  NetworkErrorCode,
  NetworkServer,
  NetworkServerOptions,
  RequestDefinition,
  SessionOptions,
  TickMetrics,
} from "../message/index.js";
export type { Codec } from "../serialization/index.js";
export { Agones, type AgonesOptions } from "./agones.js";
export * from "./client.js";
export { type DrainOnSignalOptions, drainOnSignal } from "./drain-on-signal.js";
export type {
  Answer,
  Bucket,
  BucketOptions,
  Change,
  Engine,
  EngineEvents,
  Entry,
  Log,
  LogRecord,
  SubscribeOptions,
  Watch,
} from "./engine/engine.js";
export type { RemoteContext, RemoteHandler, RemoteRequestHandler, RemoteTarget } from "./fleet/remote-messages.js";
export { Health, type HealthOptions } from "./health.js";
export type { RoomHostMetrics } from "./host/host-metrics.js";
export { Room } from "./host/room.js";
export type { RoomFilter } from "./host/room-directory.js";
export type { RoomKind, RoomServerOptions, RoomWish } from "./host/room-kind.js";
export type {
  Fleet,
  FleetHost,
  FleetMetrics,
  FleetRoom,
  Presence,
  Remote,
} from "./member/fleet.js";
export {
  type CreateRoomOptions,
  type DrainOptions,
  RoomHost,
  type RoomHostOptions,
} from "./room-host.js";
export { parentEngine, Supervisor, type SupervisorEvents, type SupervisorOptions } from "./supervisor.js";
