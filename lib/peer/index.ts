/// <reference path="../globals.ts" preserve="true" />
/** The Peer: connections with reliable, unreliable, notify and sequenced messages, and streams, over any socket. */
export type { Clock } from "../clock.js";
export type { ConnectionGuard } from "../guard/connection-guard.js";
export type { PlacesMetrics } from "../guard/places.js";
export type { NoisePrimitives } from "../noise/index.js";
export { printable } from "../printable.js";
export type { Random, RandomBytes } from "../random.js";
export {
  DisconnectCode,
  type DisconnectReason,
  type IBindEndPoint,
  type IConnectEndPoint,
  type IConnectionHandle,
  type IncomingConnection,
  type ISocket,
  type Security,
} from "../socket/index.js";
export type { Verdict } from "../verdict.js";
export { ByteSegment } from "./byte-segment.js";
export { Channel, type NotifyCallbacks } from "./channel.js";
export type { IConnection } from "./connection/connection.js";
export { PeerConnectionState } from "./connection/peer-connection-state.js";
export type { ConnectionMetrics, PeerMetrics } from "./metrics.js";
export { MAX_UNRELIABLE_MESSAGE_SIZE, SINGLE_PACKET_MESSAGE_SIZE } from "./packet-format.js";
export { Peer } from "./peer.js";
export type { Drive, PeerConfig, PeerEncryption } from "./peer-config.js";
export type { PeerHandler } from "./peer-handler.js";
export type { SendBudget } from "./profile.js";
export type { OutgoingStream, StreamListener } from "./streams/stream.js";
