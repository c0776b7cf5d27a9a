import type { SocketFactory } from "../socket-factory.js";
import type { TlsCertificate } from "../tls/development-certificate.js";
import type { WebTransportConnectEndPoint } from "../webtransport/browser/client-options.js";
import type { WebTransportAll } from "./browser-server-options.js";
import type { WebTransportBindEndPoint } from "./browser-server-socket.js";

/** What is used of the `WebTransportSocketFactory` of Node. */
export interface WebTransportServers extends SocketFactory<WebTransportBindEndPoint, WebTransportConnectEndPoint> {
  port: number;
  readonly certificateHashes: readonly string[];
  setCertificate(tls: TlsCertificate): void;
}

/** Null: this version has none. */
export const newWebTransport = (_options: WebTransportAll): WebTransportServers | null => null;
