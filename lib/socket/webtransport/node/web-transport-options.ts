import type { Clock } from "../../../clock.js";
import { booleanOption, durationOption, integerOption, type OptionRules } from "../../../options.js";
import { hostOption } from "../../building/end-point-errors.js";
import type { TlsCertificate } from "../../tls/development-certificate.js";
import { tlsCertificateOption } from "../../tls/server-certificate.js";
import { serverRules } from "../../websocket/websocket-server-options.js";
import { type WebTransportClientOptions, webTransportClientRules } from "../browser/client-options.js";

/** Options of a {@link WebTransportSocketFactory}. */
export interface WebTransportOptions extends WebTransportClientOptions {
  /** What servers listen on. @defaultValue all addresses of this machine, IPv6 and IPv4 */
  bindHost?: string;
  /**
   * Origins of the web pages that may connect, such as `https://example.com`. Clients that are not browsers send no
   * origin and are always allowed. @defaultValue any origin
   */
  origins?: readonly string[];
  /**
   * The certificate of servers and its key, both in PEM. @defaultValue one of our own, which clients take by its hash
   * (`certificateHashes` of the factory), and which another one replaces after 6 days
   */
  tls?: TlsCertificate;
  /**
   * How many handshakes may be unproven, 0 to 1,000,000, before newcomers have to prove their address first.
   *
   * @defaultValue 64
   */
  retryAbove?: number;
  /**
   * The most connections that are no session yet, 1 to 1,000,000. When they are there, the oldest one of the source (an
   * IPv4 address, an IPv6 /64) that has the most of them is ended for a newcomer who has proved its address.
   *
   * @defaultValue 4096
   */
  maxPendingConnections?: number;
  /** How long a connection may take to become a session, at both ends, at least 1. @defaultValue 10000 ms */
  handshakeTimeoutMs?: number;
  /**
   * How long a socket collects datagrams before it handles them, 0 to 20. It saves processor time, and adds so much to
   * the round trip. @defaultValue 0 ms
   */
  coalesceMs?: number;
  /**
   * Whether the other sides are told when the process ends (`process.exit`, SIGTERM, an uncaught exception, ...).
   * @defaultValue true
   */
  closeOnExit?: boolean;
}

/** What their values may be. */
export const webTransportRules: OptionRules<WebTransportOptions> = {
  ...webTransportClientRules,
  bindHost: hostOption,
  origins: serverRules.origins,
  tls: tlsCertificateOption,
  retryAbove: integerOption(0, 1_000_000),
  maxPendingConnections: integerOption(1, 1_000_000),
  handshakeTimeoutMs: durationOption(1),
  coalesceMs: integerOption(0, 20),
  closeOnExit: booleanOption,
};

/** Where a WebTransport server listens. */
export interface WebTransportBindEndPoint {
  /** A name or a numeric address; null: all addresses of this machine. */
  readonly host: string | null;
  /** The UDP port, 0 to 65535; 0 takes a free one. */
  readonly port: number;
  /** Sessions with any other path are refused. */
  readonly path: string;
}

/** What the sockets of a factory get from it. */
export interface WebTransportSettings {
  clock: Clock;
  sendQueueBytes: number;
  closeTimeoutMs: number;
  retryAbove: number;
  maxPendingConnections: number;
  handshakeTimeoutMs: number;
  coalesceMs: number;
  closeOnExit: boolean;
  origins: readonly string[] | null;
}
