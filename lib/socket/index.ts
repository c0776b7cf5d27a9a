/// <reference path="../globals.ts" preserve="true" />
/** The socket layer: packets, and the transports that carry them. */
export { type Clock, systemClock } from "../clock.js";
export type { NetworkErrorCode } from "../error-codes.js";
export type { Pass } from "../guard/connection-guard.js";
export type { PlacesMetrics } from "../guard/places.js";
export { NetworkError, type NetworkErrorDetails } from "../network-error.js";
export { printable } from "../printable.js";
export type { Random } from "../random.js";
export type { Verdict } from "../verdict.js";
export { StatelessHandle } from "./building/handles.js";
export { DisconnectCode, type DisconnectReason } from "./disconnect-reason.js";
export type { LagConditions, WayConditions } from "./lag/lag-conditions.js";
export { LagSocketFactory, type LagSocketFactoryOptions } from "./lag/lag-socket-factory.js";
export type { MemoryEndPoint, MemorySocketKind } from "./memory/memory-end-point.js";
export { MemoryNetwork, type MemoryNetworkOptions } from "./memory/memory-network.js";
export { MemorySocketFactory, type MemorySocketFactoryOptions } from "./memory/memory-socket-factory.js";
export { MultiplexSocketFactory } from "./multiplex/multiplex-socket-factory.js";
export {
  Delivery,
  type IBindEndPoint,
  type IConnectEndPoint,
  type IConnectionHandle,
  type IncomingConnection,
  type ISocket,
  ReceivedPacket,
  type Security,
  type SocketEvents,
  type SocketMetrics,
} from "./socket.js";
export { type IHasHost, type IHasPort, SocketFactory } from "./socket-factory.js";
export { WebSocketClientFactory } from "./websocket/websocket-client-factory.js";
export type {
  WebSocketBindEndPoint,
  WebSocketClientFactoryOptions,
  WebSocketConnectEndPoint,
} from "./websocket/websocket-options.js";
