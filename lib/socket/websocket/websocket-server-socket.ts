import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { WebSocketServer } from "ws";
import { systemClock } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import { formatHost } from "../building/format-host.js";
import { closedError, listenError } from "../building/socket-errors.js";
import { DisconnectCode, type DisconnectReason } from "../disconnect-reason.js";
import type { IConnectionHandle, IncomingConnection, ISocket } from "../socket.js";
import type { WebSocketLike } from "./websocket-handle.js";
import { limitsOf, type WebSocketBindEndPoint } from "./websocket-options.js";
import type { WebSocketFactoryOptions } from "./websocket-server-options.js";
import { loadWs, REFUSAL_HEADER } from "./websocket-server-package.js";
import { WebSocketSocket } from "./websocket-socket.js";

/** The server's side of WebSocket: on a server of its own, or on the user's. */
export class WebSocketServerSocket extends WebSocketSocket implements ISocket<WebSocketBindEndPoint> {
  readonly #options: WebSocketFactoryOptions;
  #server: Server | null = null;
  #ws: WebSocketServer | null = null;
  #path = "/";
  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    this.#upgrade(request, socket, head);
  };

  constructor(options: WebSocketFactoryOptions) {
    super(limitsOf(options), options.clock ?? systemClock);
    this.#options = options;
  }

  get boundPort(): number | null {
    return (this.#server?.address() as AddressInfo | null)?.port ?? null;
  }

  async bind({ host, port, path }: WebSocketBindEndPoint): Promise<void> {
    this.checkFresh();
    const { WebSocketServer } = await loadWs();
    if (this.isClosed) throw closedError();
    const { maxPacketSize: maxPayload } = this.limits;
    this.#ws = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload, perMessageDeflate: false });
    this.#path = path;
    const server = this.#options.server ?? createServer((_, response) => response.writeHead(426).end());
    if (!this.#options.server) await listen(server, host, port);
    if (this.isClosed) {
      if (!this.#options.server) server.close();
      throw closedError();
    }
    this.#server = server;
    server.on("upgrade", this.#onUpgrade);
  }

  async connect(): Promise<IConnectionHandle> {
    throw new NetworkError("ERR_NOT_SUPPORTED", "A server's WebSocket does not connect");
  }

  protected async closeTransport(): Promise<void> {
    const server = this.#server;
    server?.off("upgrade", this.#onUpgrade);
    this.#server = null;
    if (!server || this.#options.server) return;
    server.closeIdleConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { url = "/", headers } = request;
    const origin = headers.origin;
    if (url.split("?")[0] !== this.#path) {
      // On the user's server the path may be another's.
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
    const answer = this.#ask({ address, security, path: url, ...(origin !== undefined && { origin }) });
    if (answer !== true) {
      refuse(socket, answer.code === DisconnectCode.ServerFull ? 503 : 403, "Refused", answer);
      return;
    }
    this.#ws?.handleUpgrade(request, socket, head, (webSocket) => {
      const handle = this.adopt(webSocket as unknown as WebSocketLike, security, address);
      this.inbox.connected(handle);
    });
  }

  #ask(incoming: IncomingConnection): true | DisconnectReason {
    try {
      return this.events?.onIncoming(incoming) ?? true;
    } catch (error) {
      this.inbox.failed(error);
      return { code: DisconnectCode.ConnectionLost, text: "The server failed" };
    }
  }
}

async function listen(server: Server, host: string | null, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port, ...(host !== null && { host }) }, resolve);
    });
  } catch (error) {
    throw listenError(error, formatHost(host ?? "::", port));
  }
  server.removeAllListeners("error");
  // A connection that cannot be accepted (no more file descriptors) is no reason to end all others.
  server.on("error", () => {});
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
