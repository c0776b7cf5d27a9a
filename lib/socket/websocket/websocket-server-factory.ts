import { outOfRange } from "../../arguments.js";
import { systemClock } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import { checkOptions } from "../../options.js";
import { bindHostOf } from "../building/bind-host.js";
import type { IBindEndPoint, ISocket } from "../socket.js";
import type { TlsCertificate } from "../tls/development-certificate.js";
import { ServerCertificate } from "../tls/server-certificate.js";
import { WebSocketClientFactory } from "./websocket-client-factory.js";
import { WebSocketClientSocket } from "./websocket-client-socket.js";
import {
  clientRules,
  limitsOf,
  type WebSocketBindEndPoint,
  type WebSocketConnectEndPoint,
} from "./websocket-options.js";
import type { Announcement } from "./websocket-server-announcement.js";
import { serverRules, type WebSocketFactoryOptions } from "./websocket-server-options.js";
import { watchEnd, wsOpener } from "./websocket-server-package.js";
import { WebSocketServerSocket } from "./websocket-server-socket.js";

/** WebSocket, which browsers have too: connections with all packets in one order. In Node it needs the package `ws`. */
export class WebSocketFactory extends WebSocketClientFactory {
  readonly #options: WebSocketFactoryOptions;
  readonly #certificate: ServerCertificate | null;

  /** @throws TypeError, RangeError for a wrong option */
  constructor(options: WebSocketFactoryOptions = {}) {
    checkOptions("WebSocketFactory", options, serverRules);
    checkProxyProtocol(options);
    super(Object.fromEntries(Object.entries(options).filter(([name]) => name in clientRules)));
    this.#options = options;
    const { tls: { cert, key } = {}, clock = systemClock } = options;
    this.#certificate = cert !== undefined && key !== undefined ? new ServerCertificate({ cert, key }, clock) : null;
  }

  override get isSupported(): boolean {
    return true;
  }

  override createServerSocket(): ISocket<WebSocketBindEndPoint> {
    return this.createAnnouncingSocket(null);
  }

  /**
   * A server that tells pages where they find it over WebTransport.
   *
   * @internal
   */
  createAnnouncingSocket(announcement: (() => Announcement | null) | null): ISocket<WebSocketBindEndPoint> {
    return new WebSocketServerSocket(this.#options, this.#certificate, announcement);
  }

  /**
   * Replaces the certificate of servers that have `tls` with `cert` and `key`, for all connections from now on.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE` unless it is a certificate and its key;
   *   NetworkError `ERR_NOT_SUPPORTED`: the factory has no certificate
   */
  setCertificate(tls: TlsCertificate): void {
    if (!this.#certificate) throw new NetworkError("ERR_NOT_SUPPORTED", "The factory has no `tls` with a certificate");
    this.#certificate.set(tls);
  }

  override createClientSocket(): ISocket<IBindEndPoint, WebSocketConnectEndPoint> {
    const { tls = {}, clock = systemClock } = this.#options;
    const security = tls.rejectUnauthorized === false ? "encrypted" : "authenticated";
    const limits = limitsOf(this.#options);
    const open = wsOpener(limits.maxPacketSize, tls);
    return new WebSocketClientSocket(limits, clock, open, security, watchEnd(this.#options));
  }

  override getBindEndPoint(): WebSocketBindEndPoint {
    const { host, bindHost } = this.#options;
    return { ...super.getBindEndPoint(), host: bindHostOf(host, bindHost) };
  }
}

/** Throws where nobody's header would be read. */
function checkProxyProtocol({ proxyProtocol, trustedProxies = [], server }: WebSocketFactoryOptions): void {
  if (!proxyProtocol) return;
  if (trustedProxies.length === 0) {
    throw outOfRange("proxyProtocol needs trustedProxies, the addresses of the proxies whose headers are believed");
  }
  if (server) throw outOfRange("Leave out proxyProtocol: a server of your own reads its connections itself");
}
