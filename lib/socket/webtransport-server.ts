/// <reference path="../globals.ts" preserve="true" />
/** WebTransport servers and clients, for Node.js with the package `valve-sockets-webtransport`. */
export type { TlsCertificate } from "./tls/development-certificate.js";
export type { WebTransportClientOptions, WebTransportConnectEndPoint } from "./webtransport/browser/client-options.js";
export type { WebTransportBindEndPoint, WebTransportOptions } from "./webtransport/node/web-transport-options.js";
export { WebTransportSocketFactory } from "./webtransport/node/web-transport-socket-factory.js";
