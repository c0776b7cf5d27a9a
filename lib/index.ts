/// <reference path="./globals.ts" preserve="true" />
/** Valve's GameNetworkingSockets for Node.js: the API of the ValveSockets README, and what GNS has gained since. */

export { ReceiveSource } from "./addon/native.js";
export { type Clock, systemClock } from "./clock.js";
export type {
  ArgumentErrorCode,
  ArgumentErrorCodes,
  ConnectErrorCodes,
  ConnectionErrorCodes,
  DataErrorCodes,
  NetworkErrorCode,
  UseErrorCodes,
  XcsErrorCodes,
} from "./error-codes.js";
export type { EventListener } from "./event-hub.js";
export { NetworkError, type NetworkErrorDetails } from "./network-error.js";
export type { Random } from "./random.js";
export type { Spin } from "./spin.js";
export {
  type CertificateAuthority,
  type CertificateOptions,
  createCertificate,
  createCertificateAuthority,
  type SignOptions,
  signCertificate,
} from "./valve/certificates/certificates.js";
export {
  authenticatedOnly,
  ConfigDataType,
  type ConfigOption,
  type ConfigReading,
  ConfigResult,
  ConfigScope,
  ConfigValue,
} from "./valve/configuration/config-value.js";
export { ConfigurationString, ConfigurationValue } from "./valve/configuration/configuration-value.js";
export { IceCandidates, type IceSettings, iceOptions, type TurnServer } from "./valve/configuration/ice-servers.js";
export type { AddressLookup, LookedUpAddress } from "./valve/endpoint/connect-attempts.js";
export type {
  CloseInfo,
  CloseOptions,
  Connection,
  ConnectionEvents,
  ReceivedMessage,
} from "./valve/endpoint/connection.js";
export { type ConnectOptions, Endpoint, type EndpointOptions, type ListenOptions } from "./valve/endpoint/endpoint.js";
export type { Listener, ListenerEvents } from "./valve/endpoint/listener.js";
export { MessageBatch, type MessageBatchOptions } from "./valve/messages/message-batch.js";
export { NetworkingMessage } from "./valve/messages/networking-message.js";
export { OutgoingBatch } from "./valve/messages/outgoing-batch.js";
export { SendFlags, SendType } from "./valve/messages/send-type.js";
export { SocketPair } from "./valve/sockets/connections.js";
export type { AuthenticationStatus } from "./valve/sockets/identity.js";
export type { LaneStatus } from "./valve/sockets/lanes.js";
export {
  type DebugCallback,
  type InitializeOptions,
  Library,
  type LibraryStatistics,
} from "./valve/sockets/library.js";
export {
  NetworkingMessages,
  type SessionFailedCallback,
  type SessionRequestCallback,
} from "./valve/sockets/networking-messages.js";
export { NetworkingSockets } from "./valve/sockets/networking-sockets.js";
export type { P2POptions, SignalCallback } from "./valve/sockets/p2p.js";
export type { NetworkingSocketsOptions } from "./valve/sockets/sockets-core.js";
export { Address } from "./valve/values/address.js";
export { Availability } from "./valve/values/availability.js";
export type { CloseReason } from "./valve/values/close-reason.js";
export { ConnectionInfo } from "./valve/values/connection-info.js";
export { ConnectionState } from "./valve/values/connection-state.js";
export { ConnectionStatus } from "./valve/values/connection-status.js";
export { DebugType } from "./valve/values/debug-type.js";
export { IdentityType, NetworkingIdentity } from "./valve/values/networking-identity.js";
export { parseIP } from "./valve/values/parse-ip.js";
export { Result } from "./valve/values/result.js";
export { type StatusCallback, StatusInfo } from "./valve/values/status-info.js";
export { StringBuilder } from "./valve/values/string-builder.js";
