/// <reference path="../globals.ts" preserve="true" />
/** Signals between peers that look for each other, carried by a server. See docs/p2p.md. */
export type { EventListener } from "../event-hub.js";
export type { INetworkPlayer, NetworkClient, NetworkServer } from "../message/index.js";
export type { Engine } from "../rooms/engine/engine.js";
export type { GnsSignaling, NetworkingIdentity } from "../socket/gns.js";
export { SignalingClient, type SignalingClientEvents, type SignalingClientOptions } from "./signaling-client.js";
export type { UndeliveredReason } from "./signaling-messages.js";
export { type SignalingMetrics, SignalingServer, type SignalingServerOptions } from "./signaling-server.js";
