/// <reference path="../globals.ts" preserve="true" />
/** Many rooms behind one port. See docs/rooms.md. */

export type {
  DisconnectReason,
  INetworkPlayer,
  NetworkServer,
  NetworkServerOptions,
  SessionOptions,
} from "../message/index.js";
export * from "./client.js";
export { Room } from "./host/room.js";
export type { RoomFilter } from "./host/room-directory.js";
export type { RoomKind, RoomServerOptions, RoomWish } from "./host/room-kind.js";
export { type CreateRoomOptions, RoomHost, type RoomHostMetrics, type RoomHostOptions } from "./room-host.js";
