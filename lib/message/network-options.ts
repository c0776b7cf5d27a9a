import type { Clock } from "../clock.js";
import {
  clockOption,
  functionOption,
  nullOr,
  type OptionRules,
  objectOption,
  oneOf,
  required,
  thingOption,
} from "../options.js";
import type { Drive, PeerConfig } from "../peer/index.js";
import { isPeerOption } from "../peer/peer-config.js";
import type { RandomBytes } from "../random.js";
import type { SocketFactory } from "../socket/index.js";
import type { Logger } from "./logger.js";
import type { INetworkPlayer, SpanFunction } from "./players/player.js";
import type { MessageDefinition } from "./protocol/message.js";
import type { Protocol } from "./protocol/protocol.js";
import type { TraceDetail, TraceSink } from "./trace.js";

/** Where an error of the application's own code occurred. */
export interface ErrorSource {
  /** The player whose message was being handled, null for a listener of an event or an extension. */
  player: INetworkPlayer | null;
  /** The message that was being handled, null for a listener of an event or an extension. */
  message: MessageDefinition<unknown> | null;
}

/** The settings of a Peer that a server or client lets its user choose; it sets the others itself. */
export type NetworkPeerOptions = Partial<
  Omit<PeerConfig, "drive" | "clock" | "randomBytes" | "fingerprint" | "onFingerprintMismatch" | "info">
>;

/** The rules of {@link NetworkOptions}. */
export const NETWORK_OPTIONS: OptionRules<NetworkOptions> = {
  protocol: required(thingOption("what defineProtocol returns")),
  socketFactory: thingOption("a socket factory, such as new WebSocketFactory({ port: 7777 })", "getConnectEndPoint"),
  drive: oneOf("automatic", "manual"),
  peer: objectOption(),
  clock: clockOption,
  randomBytes: functionOption,
  logger: objectOption("warn"),
  onError: functionOption,
  trace: nullOr(functionOption),
  traceDetail: oneOf("connections", "packets"),
  spans: nullOr(functionOption),
};

/** Where an option belongs that is none of a server or client. */
export function placeOfOption(name: string): string {
  if (isPeerOption(name)) return `write it into \`peer\`, as in peer: { ${name}: … }`;
  const isOfFactory = ["host", "port", "address", "url", "bindHost", "tls", "secure"].includes(name);
  if (name === "spin") return "UdpSocketFactory has it, as in socketFactory: new UdpSocketFactory({ spin: 50 })";
  return isOfFactory ? "the socket factory has it, as in socketFactory: new WebSocketFactory({ port: 7777 })" : "";
}

/** The options that a server and a client have in common. */
export interface NetworkOptions {
  /** All messages that both sides can send: what `defineProtocol` returns. */
  protocol: Protocol;
  /** What carries the connections. @defaultValue `UdpSocketFactory` in Node.js, `BrowserSocketFactory` in browsers */
  socketFactory?: SocketFactory;
  /**
   * `automatic`: it receives when something has come and sends at the end of the turn. `manual`: it receives, calls
   * handlers and sends in `updateReceive` and `updateSent` only.
   *
   * @defaultValue `"automatic"`
   */
  drive?: Drive;
  /** Settings of the Peer, such as `encryption` and `maxConnections`. @defaultValue those of `PeerConfig` */
  peer?: NetworkPeerOptions;
  /** Where it gets the time and its timers from. @defaultValue the system's clock */
  clock?: Clock;
  /** For nonces, session ids and cookies. Replace it in tests only. @defaultValue `crypto.getRandomValues` */
  randomBytes?: RandomBytes;
  /** Where warnings go. @defaultValue the console */
  logger?: Logger;
  /**
   * Called with what handlers, listeners, extensions and `beforeAccept` throw, and when `beforeAccept` has not answered
   * in time. It is logged in any case.
   *
   * @defaultValue none
   */
  onError?: (error: unknown, source: ErrorSource) => void;
  /**
   * Gets a trace of all connections, line by line as JSON (docs/message.md); null: none.
   *
   * @defaultValue in Node.js the file that `VALVE_SOCKETS_TRACE` names; none elsewhere
   */
  trace?: TraceSink | null;
  /**
   * `packets`: the trace has every message by its name and size, and every packet; that is much. No contents.
   *
   * @defaultValue in Node.js what `VALVE_SOCKETS_TRACE_DETAIL` says; `"connections"` otherwise
   */
  traceDetail?: TraceDetail;
  /**
   * Called around the handler of each request and the method of each RPC, and around each `request` that is sent, to
   * measure them: `openTelemetrySpans` of `valve-sockets/inspector` makes one. @defaultValue none
   */
  spans?: SpanFunction | null;
}
