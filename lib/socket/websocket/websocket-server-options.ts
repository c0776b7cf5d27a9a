import { typeError } from "../../arguments.js";
import type { ConnectionGuard } from "../../guard/connection-guard.js";
import {
  booleanOption,
  durationOption,
  integerOption,
  type OptionRule,
  type OptionRules,
  objectOption,
  oneOf,
} from "../../options.js";
import { hostOption } from "../building/end-point-errors.js";
import { tlsCertificateOption } from "../tls/server-certificate.js";
import { clientRules, type WebSocketClientFactoryOptions } from "./websocket-options.js";
import { proxiesOption } from "./websocket-server-proxies.js";

/** What is used of a server of `node:http` or `node:https`. */
export interface HttpServer {
  /** Where it listens; null before. */
  address(): string | { readonly port: number } | null;
  /** Adds a listener. */
  on(event: "upgrade" | "request", listener: unknown): unknown;
  /** Removes a listener. */
  off(event: "upgrade" | "request", listener: unknown): unknown;
  /** The listeners of an event. */
  listeners(event: "request"): readonly unknown[];
  /** How many listeners an event has. */
  listenerCount(event: "upgrade"): number;
}

/** The certificate of a new server, and how a client in Node checks that of its server. */
export interface WebSocketTlsOptions {
  /**
   * A certificate, or a chain that begins with it, in PEM: a new server serves `wss:`.
   *
   * @defaultValue none: it serves `ws:`
   */
  cert?: string;
  /** The private key of `cert` in PEM; the two go together. */
  key?: string;
  /** Certificates of the authorities to trust, in PEM. @defaultValue those of the system */
  ca?: string;
  /** False accepts any certificate; then nothing proves who the server is. @defaultValue true */
  rejectUnauthorized?: boolean;
}

/** Options of a {@link WebSocketFactory}. */
export interface WebSocketFactoryOptions extends WebSocketClientFactoryOptions {
  /**
   * A server of `node:http` or `node:https` to listen on, beside whatever else it serves. Its owner takes care of its
   * port, its certificate and its end. @defaultValue a new server on `port`, with TLS if `tls` has a certificate
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
  /**
   * The certificate of a new server, and whom clients in Node trust.
   *
   * @defaultValue a server without TLS, and clients that trust as the system does
   */
  tls?: WebSocketTlsOptions;
  /**
   * Proxies in front of the server, as addresses and CIDR blocks (`10.0.0.0/8`). For connections from these, the client
   * is whom they name in `forwardedHeader`: limits count by that address, and handles report it, with the port of the
   * proxy's connection if the header has none. @defaultValue none
   */
  trustedProxies?: readonly string[];
  /**
   * The header that the proxies write. The other one is ignored, since they pass on what a client has put into it.
   * @defaultValue "x-forwarded-for"
   */
  forwardedHeader?: "x-forwarded-for" | "forwarded";
  /**
   * The most TCP connections to a new server that are no WebSocket yet, 1 to 1,000,000, and at most a quarter of the
   * file descriptors that the process may have (on Linux). In a full server, a newcomer takes the place of the oldest
   * from the most crowded address. @defaultValue 4096
   */
  maxPendingConnections?: number;
  /**
   * A `ConnectionGuard` of `valve-sockets/guard`. A new server asks it about each TCP connection before it reads a
   * byte, and resets those that are refused; on a `server` of yours, and behind `trustedProxies`, it is asked about the
   * client of each upgrade. Give it to the Peer too (`guard` of `PeerConfig`), which says who has proved itself.
   * @defaultValue none
   */
  guard?: ConnectionGuard;
  /**
   * Whether `trustedProxies` begin each connection with a header of the PROXY protocol, version 1 or 2, which says who
   * the client is. Connections of theirs without one end; all others are clients themselves. For a new server only.
   * @defaultValue false
   */
  proxyProtocol?: boolean;
  /** How long a TCP connection to a new server may take to become a WebSocket, at least 1. @defaultValue 10000 ms */
  handshakeTimeoutMs?: number;
  /**
   * Whether the other sides are told when the process ends (`process.exit`, SIGTERM, an uncaught exception, ...).
   * @defaultValue true
   */
  closeOnExit?: boolean;
}

const tlsOption: OptionRule = (name, value) => {
  objectOption()(name, value);
  const { cert, key } = value as WebSocketTlsOptions;
  if (cert !== undefined || key !== undefined) tlsCertificateOption(name, value);
};

/** What their values may be. */
export const serverRules: OptionRules<WebSocketFactoryOptions> = {
  ...clientRules,
  server: objectOption("address", "on", "off", "listeners", "listenerCount"),
  bindHost: hostOption,
  origins: (name, value) => {
    const isList = Array.isArray(value) && value.every((origin) => typeof origin === "string");
    if (!isList) throw typeError(name, "a list of strings");
  },
  isBehindTls: booleanOption,
  tls: tlsOption,
  trustedProxies: proxiesOption,
  forwardedHeader: oneOf("x-forwarded-for", "forwarded"),
  guard: objectOption("accept", "isBanned"),
  proxyProtocol: booleanOption,
  maxPendingConnections: integerOption(1, 1_000_000),
  handshakeTimeoutMs: durationOption(1),
  closeOnExit: booleanOption,
};
