/** Messages, players, servers and clients. See docs/message.md. */
export * from "./authentication/index.js";
export { type ErrorBudget, ErrorFlags } from "./error-flags.js";
export { type ClientExtension, PlayerSlot, type ServerExtension } from "./extension.js";
export type { Logger } from "./logger.js";
export { defineMessage, type MessageDefinition, type MessageOptions, type RateLimit } from "./message.js";
export type { Handler, HandlerOptions, MessageHandler, RequestHandler } from "./message-handler.js";
export type { WaitOptions } from "./message-waiters.js";
export { NetworkClient, type NetworkClientOptions } from "./network-client.js";
export type { ErrorSource, NetworkEndOptions } from "./network-end.js";
export { LateEvent, type Listener, NetworkEvent } from "./network-event.js";
export { NetworkPlayer } from "./network-player.js";
export { NetworkServer, type NetworkServerOptions } from "./network-server.js";
export { type INetworkTime, NetworkTime } from "./network-time.js";
export {
  type INetworkPlayer,
  type MessageMetrics,
  type PlayerAuthentication,
  PlayerState,
  type RequestOptions,
} from "./player.js";
export { defineProtocol, type Protocol, type ProtocolOptions, type ProtocolPart } from "./protocol.js";
export { defineRequest, type RequestDefinition, RequestRefusedError } from "./request.js";
export type { LoadRoomOptions } from "./room-barrier.js";
export type { SendManyOptions } from "./send-to-players.js";
