import { createServer as createHttpServer, type Server as WebServer } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { BACKLOG, leaveDescriptors } from "../../addon/tcp-limits.js";
import { withoutMapping } from "../../format-host.js";
import { type ProxyHeader, parseProxyHeader } from "../../guard/proxy-protocol.js";
import type { TlsCertificate } from "../tls/development-certificate.js";
import type { ServerCertificate } from "../tls/server-certificate.js";
import type { WebSocketServerDoor } from "./websocket-server-door.js";
import type { Hop, TrustedProxies } from "./websocket-server-proxies.js";

/** A server of our own: a TCP server that gives connections to its HTTP server once they are past the door. */
export class WebSocketServerListener {
  /** Of each connection behind a proxy with the PROXY protocol. */
  readonly clients = new WeakMap<object, Hop>();
  readonly http: WebServer;
  readonly #tcp: Server;
  readonly #door: WebSocketServerDoor;
  readonly #proxies: TrustedProxies;
  readonly #hasProxyProtocol: boolean;
  /** The TCP connections below TLS. */
  readonly #below = new WeakMap<object, Socket>();
  #context: SecureContext | null = null;
  #forgetCertificate = () => {};

  /** @param certificate null: without TLS */
  constructor(
    door: WebSocketServerDoor,
    proxies: TrustedProxies,
    hasProxyProtocol: boolean,
    certificate: ServerCertificate | null,
  ) {
    this.#door = door;
    this.#proxies = proxies;
    this.#hasProxyProtocol = hasProxyProtocol;
    this.http = createHttpServer((_, response) => response.writeHead(426, { Connection: "close" }).end());
    if (certificate) {
      const use = (tls: TlsCertificate) => {
        this.#context = createSecureContext({ ...tls });
      };
      use(certificate.current);
      this.#forgetCertificate = certificate.onReplaced(use);
    }
    this.#tcp = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#onConnection(socket));
  }

  get port(): number | null {
    const address = this.#tcp.address();
    return typeof address === "object" ? (address?.port ?? null) : null;
  }

  /** The TCP connection that carries `socket`: what the door and `clients` know it by. */
  carrierOf(socket: Duplex): Duplex {
    return this.#below.get(socket) ?? socket;
  }

  /** @param host numeric; null is all addresses of this machine */
  async listen(host: string | null, port: number, attempt: AbortSignal): Promise<void> {
    const tcp = this.#tcp;
    leaveDescriptors(tcp);
    await new Promise<void>((resolve, reject) => {
      tcp.once("error", reject);
      tcp.listen({ port, backlog: BACKLOG, ...(host !== null && { host }) }, resolve);
    });
    if (attempt.aborted) {
      await this.close();
      throw attempt.reason;
    }
    tcp.removeAllListeners("error");
    // A connection that cannot be accepted, as when file descriptors run out, must not end all others.
    tcp.on("error", () => {});
  }

  /** Resolves when all connections have ended. */
  close(): Promise<void> {
    this.#forgetCertificate();
    return new Promise((resolve) => {
      this.#tcp.close(() => resolve());
    });
  }

  #onConnection(socket: Socket): void {
    const { remoteAddress } = socket;
    // Its client has reset it. What it sent before could still be read, and nobody knows from whom it is.
    if (remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    // A proxy's connections are everybody's; each sends its request at once.
    const isProxy = this.#proxies.has(remoteAddress);
    if (!this.#door.enter(socket, isProxy ? null : remoteAddress)) return;
    if (isProxy && this.#hasProxyProtocol) this.#readProxyHeader(socket);
    else this.#whenItSpeaks(socket);
  }

  /** HTTP costs several times what a connection costs: those that say nothing never come to it. */
  #whenItSpeaks(socket: Socket): void {
    const onError = () => socket.destroy();
    socket.on("error", onError).once("readable", () => {
      this.#serve(socket);
      socket.off("error", onError);
    });
  }

  /** HTTP, inside of TLS where there is a certificate. */
  #serve(socket: Socket): void {
    if (!this.#context) {
      this.http.emit("connection", socket);
      return;
    }
    const secure = new TLSSocket(socket, { isServer: true, secureContext: this.#context });
    this.#below.set(secure, socket);
    const end = () => {
      secure.destroy();
      socket.destroy();
    };
    socket.on("error", end).once("close", end);
    secure.on("error", end).once("secure", () => this.http.emit("connection", secure));
  }

  /** Reads what a proxy says, and no byte of what follows. The door ends those that take too long. */
  #readProxyHeader(socket: Socket): void {
    let bytes = Buffer.alloc(0);
    const onError = () => socket.destroy();
    const onReadable = () => {
      const chunk: Buffer | null = socket.read();
      if (!chunk) return;
      bytes = Buffer.concat([bytes, chunk]);
      const header = parseProxyHeader(bytes);
      if (header.kind === "incomplete") return;
      socket.off("readable", onReadable);
      socket.off("end", onError);
      if (header.kind === "invalid") socket.resetAndDestroy();
      else this.#onProxyHeader(socket, header, bytes.subarray(header.size));
      socket.off("error", onError);
      if (socket.destroyed) socket.on("error", () => {});
    };
    socket.on("error", onError).on("end", onError).on("readable", onReadable);
  }

  /** Whoever names no client is the proxy itself: its HTTP headers are those of clients. */
  #onProxyHeader(socket: Socket, { client }: Extract<ProxyHeader, { kind: "header" }>, rest: Uint8Array): void {
    const { remoteAddress = "", remotePort = null } = socket;
    this.clients.set(socket, client ?? { host: withoutMapping(remoteAddress), port: remotePort });
    if (client && !this.#door.enter(socket, client.host)) return;
    if (rest.length === 0) {
      this.#whenItSpeaks(socket);
      return;
    }
    socket.unshift(rest);
    this.#serve(socket);
  }
}
