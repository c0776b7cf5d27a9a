import { lookup } from "node:dns/promises";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { WebSocketServer } from "ws";
import { newcomersLimit } from "../../addon/tcp-limits.js";
import { isThenable } from "../../brands.js";
import { systemClock } from "../../clock.js";
import { formatHost } from "../../format-host.js";
import type { PlacesMetrics } from "../../guard/places.js";
import { NetworkError } from "../../network-error.js";
import { translateError } from "../../trial-errors.js";
import type { Verdict } from "../../verdict.js";
import { checkHost, checkPort } from "../building/end-point-errors.js";
import { abortable } from "../building/socket-errors.js";
import { DisconnectCode, type DisconnectReason } from "../disconnect-reason.js";
import type { IConnectionHandle, ISocket } from "../socket.js";
import type { ServerCertificate } from "../tls/server-certificate.js";
import type { WebSocketLike } from "./websocket-handle.js";
import { announcementPath, limitsOf, type WebSocketBindEndPoint } from "./websocket-options.js";
import { type Announcement, announce, isAllowed } from "./websocket-server-announcement.js";
import { WebSocketServerDoor } from "./websocket-server-door.js";
import { WebSocketServerListener } from "./websocket-server-listener.js";
import type { HttpServer, WebSocketFactoryOptions } from "./websocket-server-options.js";
import { loadWs, watchEnd } from "./websocket-server-package.js";
import { TrustedProxies } from "./websocket-server-proxies.js";
import { answerRequests, pathOf } from "./websocket-server-requests.js";
import { WebSocketSocket } from "./websocket-socket.js";

/** The sockets that listen on each HTTP server. Together they answer for paths that none of them has. */
const listeners = new WeakMap<HttpServer, Set<WebSocketServerSocket>>();

/** A WebSocket server, on an HTTP server of its own or on the user's. */
export class WebSocketServerSocket extends WebSocketSocket implements ISocket<WebSocketBindEndPoint> {
  readonly #options: WebSocketFactoryOptions;
  readonly #door: WebSocketServerDoor;
  readonly #proxies: TrustedProxies;
  #server: HttpServer | null = null;
  /** Its own server, if the user has not given one. */
  #listener: WebSocketServerListener | null = null;
  #ws: WebSocketServer | null = null;
  #path = "/";
  readonly #certificate: ServerCertificate | null;
  readonly #announcement: (() => Announcement | null) | null;
  #stopAnnouncing = () => {};

  /**
   * @param certificate of a server of its own; null: without TLS
   * @param announcement what pages are told about the same server over WebTransport; null: nothing
   */
  constructor(
    options: WebSocketFactoryOptions,
    certificate: ServerCertificate | null,
    announcement: (() => Announcement | null) | null,
  ) {
    const { clock = systemClock, maxPendingConnections = 4096, handshakeTimeoutMs = 10_000, guard } = options;
    super(limitsOf(options), clock, watchEnd(options));
    this.#options = options;
    this.#certificate = certificate;
    this.#announcement = announcement;
    const maxCount = newcomersLimit(maxPendingConnections);
    this.#door = new WebSocketServerDoor(clock, maxCount, handshakeTimeoutMs, guard);
    this.#proxies = new TrustedProxies(options.trustedProxies ?? [], { header: options.forwardedHeader });
  }

  get boundPort(): number | null {
    if (this.#listener) return this.#listener.port;
    const address = this.#server?.address() ?? null;
    return typeof address === "object" ? (address?.port ?? null) : null;
  }

  get pendingConnections(): PlacesMetrics {
    return this.#door.metrics;
  }

  async bind({ host, port, path }: WebSocketBindEndPoint): Promise<void> {
    checkPort(port);
    if (host !== null) checkHost(host);
    const run = async (attempt: AbortSignal) => {
      const { WebSocketServer } = await loadWs();
      attempt.throwIfAborted();
      const { maxPacketSize: maxPayload } = this.limits;
      const server = this.#options.server ?? (await this.#listen(host, port, attempt));
      this.#ws = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload, perMessageDeflate: false });
      this.#path = path;
      this.#server = server;
      server.on("upgrade", this.#upgrade);
      if (!listeners.has(server)) listeners.set(server, new Set());
      listeners.get(server)?.add(this);
      const tell = this.#announcement;
      if (!tell) return;
      const { origins } = this.#options;
      this.#stopAnnouncing = answerRequests(server, announcementPath(path), (request, response) =>
        announce(request, response, origins, tell()),
      );
    };
    const explain = (error: unknown) => {
      throw translateError({ transport: "WebSocket", action: "listening on", host: host ?? "::", port }, error);
    };
    await this.begin((attempt) => run(attempt).catch(explain));
  }

  async connect(): Promise<IConnectionHandle> {
    throw new NetworkError("ERR_NOT_SUPPORTED", "A WebSocket server does not connect");
  }

  protected async closeTransport(): Promise<void> {
    this.#stopAnnouncing();
    if (this.#server) {
      this.#server.off("upgrade", this.#upgrade);
      listeners.get(this.#server)?.delete(this);
    }
    this.#server = null;
    const closed = this.#listener?.close();
    this.#door.close();
    await closed;
  }

  async #listen(host: string | null, port: number, attempt: AbortSignal): Promise<HttpServer> {
    // By then it is numeric: the server would go on looking it up, and listen, after it was closed.
    const address = host === null ? null : (await abortable(lookup(host), attempt)).address;
    const listener = new WebSocketServerListener(
      this.#door,
      this.#proxies,
      this.#options.proxyProtocol ?? false,
      this.#certificate,
    );
    await listener.listen(address, port, attempt);
    this.#listener = listener;
    return listener.http;
  }

  readonly #upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const { url = "/", headers } = request;
    const origin = headers.origin;
    if (pathOf(url) !== this.#path) {
      if (this.#answersFor(url)) this.#door.refuse(socket, 404, "Not Found");
      return;
    }
    const { origins, isBehindTls } = this.#options;
    const security = (request.socket as TLSSocket).encrypted || isBehindTls ? "encrypted" : "none";
    const carrier = this.#listener?.carrierOf(socket) ?? socket;
    if (this.#isGone(request.socket)) {
      socket.destroy();
      return;
    }
    const client = this.#listener?.clients.get(carrier) ?? this.#proxies.clientOf(request);
    if (!client) {
      this.#door.refuse(socket, 400, "Bad Request");
      return;
    }
    const address = formatHost(client.host, client.port ?? 0);
    if (!isAllowed(origins, origin)) {
      this.#door.refuse(socket, 403, "Forbidden");
      return;
    }
    if (!this.#door.admit(carrier, client.host)) {
      socket.destroy();
      return;
    }
    const settle = (verdict: Verdict) => {
      if (verdict !== true) {
        this.#door.refuse(socket, isBusy(verdict) ? 503 : 403, "Refused", verdict);
        return;
      }
      this.#ws?.handleUpgrade(request, socket, head, (webSocket) => {
        this.#door.leave(carrier);
        const handle = this.adopt(webSocket as unknown as WebSocketLike, security, address);
        handle.pass = this.#door.passOf(carrier);
        this.inbox.connected(handle);
      });
    };
    const asked = this.inbox.ask({ address, security, path: url, ...(origin !== undefined && { origin }) });
    if (!isThenable(asked)) {
      settle(asked);
      return;
    }
    socket.on("error", () => {});
    this.#door.hold(carrier);
    void asked.then((verdict) => {
      if (!this.isClosed && !socket.destroyed) settle(verdict);
    });
  };

  /**
   * Whether the client has reset a TCP connection. Its request can be read, but its address is no longer known; over a
   * Unix socket neither end has one.
   */
  #isGone({ remoteAddress, localAddress }: Socket): boolean {
    return remoteAddress === undefined && (localAddress !== undefined || this.boundPort !== null);
  }

  /** Whether this socket refuses a request for another path. On the user's server that may be somebody else's. */
  #answersFor(url: string): boolean {
    const server = this.#server;
    const ours = [...((server && listeners.get(server)) ?? [])];
    const isOurs = ours.some((socket) => socket.#path === pathOf(url));
    return !isOurs && ours[0] === this && server?.listenerCount("upgrade") === ours.length;
  }
}

const isBusy = ({ code }: DisconnectReason) => code === DisconnectCode.ServerFull || code === DisconnectCode.ServerBusy;
