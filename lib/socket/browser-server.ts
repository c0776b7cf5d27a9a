/// <reference path="../globals.ts" preserve="true" />
/** WebTransport with WebSocket as its fallback: servers of web pages, and clients, for Node. */

export type { BrowserConnectEndPoint } from "./browser/browser-client-options.js";
export { BrowserSocketFactory } from "./browser/browser-server-factory.js";
export type { BrowserSocketFactoryOptions } from "./browser/browser-server-options.js";
export type { BrowserBindEndPoint } from "./browser/browser-server-socket.js";
export {
  createDevelopmentCertificate,
  type DevelopmentCertificate,
  type TlsCertificate,
} from "./tls/development-certificate.js";
