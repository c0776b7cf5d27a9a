import type { Server } from "node:http";
import type { IBindEndPoint, ISocket, Security } from "../socket.js";
import { WebSocketClientFactory, type WebSocketClientFactoryOptions } from "./websocket-client-factory.js";
import type { OpenWebSocket } from "./websocket-client-socket.js";
import { openWs, type TlsOptions } from "./websocket-server-package.js";
import { type WebSocketBindEndPoint, WebSocketServerSocket } from "./websocket-server-socket.js";

export interface WebSocketFactoryOptions extends WebSocketClientFactoryOptions {
  /**
   * A server of `node:http` or `node:https` to listen on, beside what else it serves; its port, certificate and end are
   * its owner's business. Without one, servers listen on `port` themselves, without TLS.
   */
  server?: Server;
  /** What servers listen at. Default: all addresses. */
  bindAddress?: string;
  /** Origins of web pages that may connect, such as `https://example.com`. Clients that are no browsers name none. */
  origins?: readonly string[];
  /** A proxy in front of the server terminates TLS: connections count as encrypted. Default false. */
  isBehindTls?: boolean;
  /** How clients check the server's certificate. */
  tls?: TlsOptions;
}

/** WebSocket: connections in one order over TCP, with browsers too. In Node it needs the package `ws`. */
export class WebSocketFactory extends WebSocketClientFactory {
  readonly #options: WebSocketFactoryOptions;

  constructor(options: WebSocketFactoryOptions = {}) {
    super(options);
    this.#options = options;
  }

  override get isSupported(): boolean {
    return true;
  }

  override createServerSocket(): ISocket {
    return new WebSocketServerSocket(this.limits, this.clock, this.#options);
  }

  override getBindEndPoint(): IBindEndPoint {
    return { address: this.#options.bindAddress, port: this.port, path: this.path } satisfies WebSocketBindEndPoint;
  }

  protected override get tlsSecurity(): Security {
    return this.#options.tls?.rejectUnauthorized === false ? "encrypted" : "authenticated";
  }

  protected override get openWebSocket(): OpenWebSocket {
    return (url, onRefused) => openWs(url, this.maxPacketSize, this.#options.tls ?? {}, onRefused);
  }
}
