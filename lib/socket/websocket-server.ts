/// <reference path="../globals.ts" preserve="true" />
/** WebSocket clients and servers, for Node. */
export type { ConnectionGuard } from "../guard/connection-guard.js";
export type { TlsCertificate } from "./tls/development-certificate.js";
export type {
  WebSocketBindEndPoint,
  WebSocketClientFactoryOptions,
  WebSocketConnectEndPoint,
} from "./websocket/websocket-options.js";
export { WebSocketFactory } from "./websocket/websocket-server-factory.js";
export type { HttpServer, WebSocketFactoryOptions, WebSocketTlsOptions } from "./websocket/websocket-server-options.js";
