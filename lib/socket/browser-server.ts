/// <reference path="../globals.ts" preserve="true" />
/** WebTransport with WebSocket as its fallback: servers of web pages, and clients, for Node. */

export type { BrowserClientOptions, BrowserConnectEndPoint } from "./browser/browser-client-options.js";
export { BrowserSocketFactory } from "./browser/browser-server-factory.js";
export type { BrowserSocketFactoryOptions } from "./browser/browser-server-options.js";
export type { BrowserBindEndPoint } from "./browser/browser-server-socket.js";
export type { RacingFactory } from "./browser/racing-factory.js";
export {
  createDevelopmentCertificate,
  type DevelopmentCertificate,
  type TlsCertificate,
} from "./tls/development-certificate.js";
export type {
  ConnectionGuard,
  HttpServer,
  WebSocketFactoryOptions,
  WebSocketTlsOptions,
} from "./websocket-server.js";
export type {
  WebTransportBindEndPoint,
  WebTransportClientOptions,
  WebTransportConnectEndPoint,
  WebTransportOptions,
} from "./webtransport-server.js";
