import { hasWebTransport } from "../../../addon/native-web-transport.js";
import { systemClock } from "../../../clock.js";
import { checkOptions } from "../../../options.js";
import { checkPort } from "../../building/end-point-errors.js";
import type { IBindEndPoint, ISocket } from "../../socket.js";
import { type IHasHost, type IHasPort, SocketFactory } from "../../socket-factory.js";
import type { TlsCertificate } from "../../tls/development-certificate.js";
import { ServerCertificate } from "../../tls/server-certificate.js";
import { WebTransportClientFactory } from "../browser/client-factory.js";
import type { WebTransportConnectEndPoint } from "../browser/client-options.js";
import { WebTransportClientSocket } from "./web-transport-client-socket.js";
import {
  type WebTransportBindEndPoint,
  type WebTransportOptions,
  type WebTransportSettings,
  webTransportRules,
} from "./web-transport-options.js";
import { WebTransportServerSocket } from "./web-transport-server-socket.js";

/**
 * WebTransport in Node, servers and clients: UDP for web pages, encrypted by TLS, with datagrams and with reliable
 * lanes that do not wait for one another. It needs the package `valve-sockets-webtransport`, which is loaded at the
 * first `bind` or `connect`.
 */
export class WebTransportSocketFactory
  extends SocketFactory<WebTransportBindEndPoint, WebTransportConnectEndPoint>
  implements IHasHost, IHasPort
{
  readonly maxPacketSize: number;
  /** The path of the URL. A server refuses sessions with any other path. */
  readonly path: string;
  readonly #options: WebTransportOptions;
  /** Knows what clients connect to. */
  readonly #clients: WebTransportClientFactory;
  readonly #certificate: ServerCertificate;

  /** @throws TypeError, RangeError as `docs/errors.md` says of arguments */
  constructor(options: WebTransportOptions = {}) {
    super();
    checkOptions("WebTransportSocketFactory", options, webTransportRules);
    const { host, port, path, certificateHashes } = options;
    this.#options = options;
    this.#clients = new WebTransportClientFactory({
      ...(host !== undefined && { host }),
      ...(port !== undefined && { port }),
      ...(path !== undefined && { path }),
      ...(certificateHashes && { certificateHashes }),
    });
    this.path = this.#clients.path;
    this.maxPacketSize = this.#clients.maxPacketSize;
    this.#certificate = new ServerCertificate(options.tls, options.clock ?? systemClock);
  }

  /** What clients connect to: a name, a numeric address, or a whole `https:` URL. */
  get host(): string {
    return this.#clients.host;
  }

  set host(host: string) {
    this.#clients.host = host;
  }

  get port(): number {
    return this.#clients.port;
  }

  set port(port: number) {
    this.#clients.port = port;
  }

  /** Whether the package is there, with a binary for this platform. */
  override get isSupported(): boolean {
    return hasWebTransport();
  }

  /**
   * SHA-256, in base64url, of the certificates that clients may meet: the one in use and the next one. None of an
   * authority's.
   */
  get certificateHashes(): readonly string[] {
    return this.#certificate.hashes;
  }

  /** Replaces the certificate, also of servers that listen. Connections that stand keep theirs. */
  setCertificate(tls: TlsCertificate): void {
    this.#certificate.set(tls);
  }

  createServerSocket(): ISocket<WebTransportBindEndPoint> {
    return new WebTransportServerSocket(this.#settings(), this.#certificate);
  }

  override createClientSocket(): ISocket<IBindEndPoint, WebTransportConnectEndPoint> {
    return new WebTransportClientSocket(this.#settings());
  }

  getBindEndPoint(): WebTransportBindEndPoint {
    checkPort(this.port);
    return { host: this.#options.bindHost ?? null, port: this.port, path: this.path };
  }

  getConnectEndPoint(host = this.host, port = this.port): WebTransportConnectEndPoint {
    return this.#clients.getConnectEndPoint(host, port);
  }

  #settings(): WebTransportSettings {
    const { clock = systemClock, sendQueueBytes = 2 ** 20, closeTimeoutMs = 2000, retryAbove = 64 } = this.#options;
    const { maxPendingConnections = 4096, handshakeTimeoutMs = 10_000, coalesceMs = 0 } = this.#options;
    const { closeOnExit = true, origins = null } = this.#options;
    const times = { closeTimeoutMs, handshakeTimeoutMs, coalesceMs };
    return { clock, sendQueueBytes, retryAbove, maxPendingConnections, closeOnExit, origins, ...times };
  }
}
