/** Messages, players, servers and clients. See docs/message.md. */
export * from "./authentication/index.js";
export { type ClientExtension, PlayerSlot, type ServerExtension } from "./extension.js";
export type { Logger } from "./logger.js";
export type { Handler, HandlerOptions, MessageHandler, RequestHandler } from "./message-handler.js";
export type { WaitOptions } from "./message-waiters.js";
export { NetworkClient, type NetworkClientOptions } from "./network-client.js";
export type { ErrorSource, NetworkEndOptions } from "./network-end.js";
export { LateEvent, type Listener, NetworkEvent } from "./network-event.js";
export { NetworkPlayer } from "./network-player.js";
export { NetworkServer, type NetworkServerOptions } from "./network-server.js";
export {
  type INetworkPlayer,
  type MessageMetrics,
  type PlayerAuthentication,
  PlayerState,
  type RequestOptions,
} from "./player.js";
export { type ErrorBudget, ErrorFlags } from "./protocol/error-flags.js";
export { defineMessage, type MessageDefinition, type MessageOptions, type RateLimit } from "./protocol/message.js";
export { defineProtocol, type Protocol, type ProtocolOptions, type ProtocolPart } from "./protocol/protocol.js";
export { defineRequest, type RequestDefinition, RequestRefusedError } from "./protocol/request.js";
export type { LoadRoomOptions } from "./room-barrier.js";
export type { SendManyOptions } from "./send-to-players.js";
export { type INetworkTime, NetworkTime } from "./time/network-time.js";
