import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { WebSocketServer } from "ws";
import { systemClock } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import { formatHost } from "../building/format-host.js";
import { closedError, listenError } from "../building/socket-errors.js";
import { DisconnectCode, type DisconnectReason } from "../disconnect-reason.js";
import type { IConnectionHandle, ISocket } from "../socket.js";
import type { WebSocketLike } from "./websocket-handle.js";
import { limitsOf, type WebSocketBindEndPoint } from "./websocket-options.js";
import type { HttpServer, WebSocketFactoryOptions } from "./websocket-server-options.js";
import { loadWs, REFUSAL_HEADER } from "./websocket-server-package.js";
import { WebSocketSocket } from "./websocket-socket.js";

/** A WebSocket server, on an HTTP server of its own or on the user's. */
export class WebSocketServerSocket extends WebSocketSocket implements ISocket<WebSocketBindEndPoint> {
  readonly #options: WebSocketFactoryOptions;
  #server: HttpServer | null = null;
  /** Its own server, if the user has not given one. */
  #ownServer: Server | null = null;
  #ws: WebSocketServer | null = null;
  #path = "/";

  constructor(options: WebSocketFactoryOptions) {
    super(limitsOf(options), options.clock ?? systemClock);
    this.#options = options;
  }

  get boundPort(): number | null {
    const address = this.#server?.address() ?? null;
    return typeof address === "object" ? (address?.port ?? null) : null;
  }

  async bind({ host, port, path }: WebSocketBindEndPoint): Promise<void> {
    this.checkFresh();
    const { WebSocketServer } = await loadWs();
    if (this.isClosed) throw closedError();
    const { maxPacketSize: maxPayload } = this.limits;
    this.#ws = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload, perMessageDeflate: false });
    this.#path = path;
    this.#server = this.#options.server ?? (await this.#listen(host, port));
    this.#server.on("upgrade", this.#upgrade);
  }

  async connect(): Promise<IConnectionHandle> {
    throw new NetworkError("ERR_NOT_SUPPORTED", "A WebSocket server does not connect");
  }

  protected async closeTransport(): Promise<void> {
    this.#server?.off("upgrade", this.#upgrade);
    this.#server = null;
    const server = this.#ownServer;
    server?.closeIdleConnections();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  async #listen(host: string | null, port: number): Promise<Server> {
    const server = createServer((_, response) => response.writeHead(426).end());
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ port, ...(host !== null && { host }) }, resolve);
      });
    } catch (error) {
      throw listenError(error, formatHost(host ?? "::", port));
    }
    server.removeAllListeners("error");
    // A connection that cannot be accepted, as when file descriptors run out, must not end all others.
    server.on("error", () => {});
    if (this.isClosed) {
      server.close();
      throw closedError();
    }
    this.#ownServer = server;
    return server;
  }

  readonly #upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const { url = "/", headers } = request;
    const origin = headers.origin;
    if (url.split("?")[0] !== this.#path) {
      // On the user's server the path may belong to another listener.
      if (this.#server?.listenerCount("upgrade") === 1) refuse(socket, 404, "Not Found");
      return;
    }
    const { origins, isBehindTls } = this.#options;
    const { remoteAddress, remotePort, encrypted } = request.socket as TLSSocket;
    const security = encrypted || isBehindTls ? "encrypted" : "none";
    const address = formatHost(remoteAddress ?? "unknown", remotePort ?? 0);
    if (origins && origin !== undefined && !origins.includes(origin)) {
      refuse(socket, 403, "Forbidden");
      return;
    }
    const answer = this.inbox.ask({ address, security, path: url, ...(origin !== undefined && { origin }) });
    if (answer !== true) {
      refuse(socket, answer.code === DisconnectCode.ServerFull ? 503 : 403, "Refused", answer);
      return;
    }
    this.#ws?.handleUpgrade(request, socket, head, (webSocket) => {
      const handle = this.adopt(webSocket as unknown as WebSocketLike, security, address);
      this.inbox.connected(handle);
    });
  };
}

function refuse(socket: Duplex, status: number, title: string, reason?: DisconnectReason): void {
  socket.on("error", () => {});
  const body = reason?.text ?? "";
  const headers = [
    `HTTP/1.1 ${status} ${title}`,
    "Connection: close",
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(reason ? [`${REFUSAL_HEADER}: ${reason.code}`] : []),
  ];
  socket.end(`${headers.join("\r\n")}\r\n\r\n${body}`);
}
