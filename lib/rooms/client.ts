/// <reference path="../globals.ts" preserve="true" />
/** The rooms of a host, as a client sees them. See docs/rooms.md. */
export type { EventListener, NetworkClient } from "../message/index.js";
export type { Labels, LabelValue } from "./labels.js";
export { RoomList, type RoomListEvents } from "./room-list.js";
export type { RoomInfo } from "./room-messages.js";
export {
  type CreateOptions,
  type EnterOptions,
  type JoinedRoom,
  type JoinOptions,
  RoomsClient,
  type RoomsClientEvents,
} from "./rooms-client.js";
