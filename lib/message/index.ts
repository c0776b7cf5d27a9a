/// <reference path="../globals.ts" preserve="true" />
/** Messages, players, servers and clients. See docs/message.md. */
export type { Clock } from "../clock.js";
export type { NetworkErrorCode } from "../error-codes.js";
export type { EventListener } from "../event-hub.js";
export type { GuardMetrics } from "../guard/connection-guard.js";
export type { PlacesMetrics } from "../guard/places.js";
export { NetworkError } from "../network-error.js";
export {
  Channel,
  type ConnectionMetrics,
  type Drive,
  type IConnection,
  type NotifyCallbacks,
  type PeerConfig,
  type PeerMetrics,
} from "../peer/index.js";
export { printable } from "../printable.js";
export type { RandomBytes } from "../random.js";
export type { Codec } from "../serialization/index.js";
export {
  DisconnectCode,
  type DisconnectReason,
  type IncomingConnection,
  type Security,
  type SocketFactory,
  type SocketMetrics,
} from "../socket/index.js";
export type { Verdict } from "../verdict.js";
export {
  type AskOptions,
  type AskServerOptions,
  askServer,
  type ServerAddress,
  type ServerInfo,
} from "./ask-server.js";
export * from "./authentication/index.js";
export { type DiscoverOptions, discover } from "./discover.js";
export { type ClientExtension, type NetworkExtension, PlayerSlot, type ServerExtension } from "./extension.js";
export type { Logger } from "./logger.js";
export type {
  Handler,
  HandlerOptions,
  MessageHandler,
  RequestHandler,
  RequestHandlerOptions,
  WaitOptions,
} from "./message-handler.js";
export { NetworkClient } from "./network-client.js";
export type { ConnectOptions, NetworkClientOptions, SceneLoader } from "./network-client-options.js";
export type { NetworkClientEvents, NetworkEvents, NetworkServerEvents } from "./network-events.js";
export type { NetworkClientMetrics, NetworkMetrics, NetworkServerMetrics } from "./network-metrics.js";
export type { ErrorSource, NetworkOptions, NetworkPeerOptions } from "./network-options.js";
export { NetworkServer } from "./network-server.js";
export type { NetworkServerOptions } from "./network-server-options.js";
export {
  type INetworkPlayer,
  type MessageMetrics,
  type PlayerAuthentication,
  PlayerState,
  type RequestOptions,
  type SpanFunction,
} from "./players/player.js";
export type { SendManyOptions } from "./players/send-to-players.js";
export { type ErrorBudget, ErrorFlags } from "./protocol/error-flags.js";
export { defineMessage, type MessageDefinition, type MessageOptions, type RateLimit } from "./protocol/message.js";
export { defineProtocol, type Protocol, type ProtocolOptions, type ProtocolPart } from "./protocol/protocol.js";
export {
  defineRequest,
  type RequestDefinition,
  type RequestEnvelope,
  type RequestOutcome,
  RequestRefusedError,
  type ResponseEnvelope,
} from "./protocol/request.js";
export type { LoadSceneOptions } from "./scene-barrier.js";
export type { ServerDescription } from "./server-info.js";
export type { INetworkTime, NetworkTime } from "./time/network-time.js";
export type { TickMetrics } from "./time/server-time.js";
export type { TraceDetail, TraceSink } from "./trace.js";
