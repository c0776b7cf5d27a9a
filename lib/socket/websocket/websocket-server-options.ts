import type { WebSocketClientFactoryOptions } from "./websocket-options.js";

/** What is used of a server of `node:http` or `node:https`. */
export interface HttpServer {
  address(): string | { readonly port: number } | null;
  on(event: "upgrade", listener: unknown): unknown;
  off(event: "upgrade", listener: unknown): unknown;
  listenerCount(event: "upgrade"): number;
}

/** How a client in Node checks the certificate of a server. */
export interface WebSocketTlsOptions {
  /** Certificates of the authorities to trust, in PEM. @defaultValue those of the system */
  ca?: string;
  /** False accepts any certificate; then nothing proves who the server is. @defaultValue true */
  rejectUnauthorized?: boolean;
}

/** Options of a {@link WebSocketFactory}. */
export interface WebSocketFactoryOptions extends WebSocketClientFactoryOptions {
  /**
   * A server of `node:http` or `node:https` to listen on, beside whatever else it serves. Its owner takes care of its
   * port, its certificate and its end. @defaultValue a new server on `port`, without TLS
   */
  server?: HttpServer;
  /** What a new server listens on. @defaultValue all addresses of this machine */
  bindHost?: string;
  /**
   * Origins of the web pages that may connect, such as `https://example.com`. Clients that are not browsers send no
   * origin and are always allowed. @defaultValue any origin
   */
  origins?: readonly string[];
  /** Whether a proxy in front of the server terminates TLS; then connections count as encrypted. @defaultValue false */
  isBehindTls?: boolean;
  tls?: WebSocketTlsOptions;
}
