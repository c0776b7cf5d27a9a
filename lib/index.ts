/** Valve's GameNetworkingSockets for Node.js: the API of the ValveSockets README, and what GNS has gained since. */
export { type Clock, systemClock } from "./clock.js";
export { NetworkError, type NetworkErrorDetails } from "./network-error.js";
export type { Random } from "./random.js";
export { Address } from "./valve/address.js";
export { Availability } from "./valve/availability.js";
export {
  type CertificateAuthority,
  type CertificateOptions,
  createCertificate,
  createCertificateAuthority,
  type SignOptions,
  signCertificate,
} from "./valve/certificates.js";
export {
  authenticatedOnly,
  ConfigDataType,
  type ConfigOption,
  type ConfigReading,
  ConfigResult,
  ConfigScope,
  ConfigValue,
} from "./valve/config-value.js";
export { ConfigurationString, ConfigurationValue } from "./valve/configuration-value.js";
export { type CloseInfo, type CloseOptions, Connection, type ReceivedMessage } from "./valve/connection.js";
export { ConnectionInfo } from "./valve/connection-info.js";
export { ConnectionState } from "./valve/connection-state.js";
export { ConnectionStatus } from "./valve/connection-status.js";
export { DebugType } from "./valve/debug-type.js";
export { type ConnectOptions, Endpoint, type EndpointOptions, type ListenOptions } from "./valve/endpoint.js";
export { IceCandidates, type IceSettings, iceOptions, type TurnServer } from "./valve/ice-servers.js";
export { type DebugCallback, type InitializeOptions, Library, type LibraryStatistics } from "./valve/library.js";
export { Listener } from "./valve/listener.js";
export { MessageBatch, type MessageBatchOptions } from "./valve/message-batch.js";
export { ReceiveSource } from "./valve/native.js";
export { IdentityType, NetworkingIdentity } from "./valve/networking-identity.js";
export { NetworkingMessage } from "./valve/networking-message.js";
export {
  NetworkingMessages,
  type SessionFailedCallback,
  type SessionRequestCallback,
} from "./valve/networking-messages.js";
export { NetworkingSockets } from "./valve/networking-sockets.js";
export { OutgoingBatch } from "./valve/outgoing-batch.js";
export { parseIP } from "./valve/parse-ip.js";
export { Result } from "./valve/result.js";
export { SendFlags, SendType } from "./valve/send-type.js";
export { SocketPair } from "./valve/sockets-connections.js";
export type { AuthenticationStatus } from "./valve/sockets-identity.js";
export type { LaneStatus } from "./valve/sockets-lanes.js";
export type { NetworkingSocketsOptions } from "./valve/sockets-owner.js";
export type { P2POptions, SignalCallback } from "./valve/sockets-p2p.js";
export { type StatusCallback, StatusInfo } from "./valve/status-info.js";
export { StringBuilder } from "./valve/string-builder.js";
