import { rangeError } from "../../arguments.js";
import type { Clock } from "../../clock.js";
import {
  booleanOption,
  clockOption,
  durationOption,
  integerOption,
  type OptionRule,
  type OptionRules,
  portOption,
  textOption,
} from "../../options.js";
import { hostOption } from "../building/end-point-errors.js";

/** Options of a {@link WebSocketClientFactory}. */
export interface WebSocketClientFactoryOptions {
  /** What clients connect to: a name, a numeric address, or a whole `ws:` or `wss:` URL. @defaultValue "localhost" */
  host?: string;
  /** Where servers listen and clients connect to, 0 to 65535. With 0 a server takes a free port. @defaultValue 7777 */
  port?: number;
  /** The path of the URL. A server refuses connections to any other path. @defaultValue "/" */
  path?: string;
  /** Whether clients connect with `wss:`. @defaultValue false */
  secure?: boolean;
  /** Largest packet in bytes, 1 to 2^30. A larger one ends its connection. @defaultValue 16384 bytes */
  maxPacketSize?: number;
  /**
   * How many bytes of a connection may wait to be sent, 1 to 2^30. With more, `send` refuses packets.
   *
   * @defaultValue 1 MiB
   */
  sendQueueBytes?: number;
  /**
   * How many bytes of a connection may wait for `receive`, 1 to 2^30. With more, nothing of that connection is read
   * from the network for now; browsers cannot stop reading and end the connection instead.
   *
   * @defaultValue 1 MiB
   */
  receiveQueueBytes?: number;
  /** How long a close waits for the answer of the other side, 0 or more. @defaultValue 2000 ms */
  closeTimeoutMs?: number;
  /** What times opening, closing and limits. @defaultValue the clock of the platform */
  clock?: Clock;
}

export const isWholeUrl = (host: string): boolean => /^wss?:\/\//.test(host);

/** Where a server at `path` says where it is to be found over WebTransport. */
export const announcementPath = (path: string): string => `${path.replace(/\/$/, "")}/.webtransport`;

/** A name, a numeric address, or a whole URL. */
export const serverOption: OptionRule = (name, value) => {
  const isUrl = typeof value === "string" && value.includes("://");
  if (!isUrl) return hostOption(name, value);
  if (!isWholeUrl(value) || !URL.canParse(value)) {
    throw rangeError(name, "a name, a numeric address, or a whole ws: or wss: URL");
  }
};

/** What their values may be. */
export const clientRules: OptionRules<WebSocketClientFactoryOptions> = {
  host: serverOption,
  port: portOption,
  path: textOption,
  secure: booleanOption,
  maxPacketSize: integerOption(1, 2 ** 30),
  sendQueueBytes: integerOption(1, 2 ** 30),
  receiveQueueBytes: integerOption(1, 2 ** 30),
  closeTimeoutMs: durationOption(),
  clock: clockOption,
};

/** What a WebSocket client connects to. */
export interface WebSocketConnectEndPoint {
  /** A whole `ws:` or `wss:` URL. */
  readonly url: string;
  /** The interface of a link-local address, which a URL cannot hold. Node only. */
  readonly zone?: string;
}

/** Where a WebSocket server listens. */
export interface WebSocketBindEndPoint {
  /** A name or a numeric address; null: all addresses of this machine. */
  readonly host: string | null;
  /** The TCP port, 0 to 65535; 0 takes a free one. */
  readonly port: number;
  /** Connections to any other path are refused. */
  readonly path: string;
}

/** The limits of a connection; see {@link WebSocketClientFactoryOptions}. */
export type WebSocketLimits = Required<
  Pick<WebSocketClientFactoryOptions, "maxPacketSize" | "sendQueueBytes" | "receiveQueueBytes" | "closeTimeoutMs">
>;

/** The limits that `options` set, with the defaults of the others. */
export function limitsOf(options: WebSocketClientFactoryOptions): WebSocketLimits {
  const { maxPacketSize = 16_384, sendQueueBytes = 2 ** 20 } = options;
  const { receiveQueueBytes = 2 ** 20, closeTimeoutMs = 2000 } = options;
  return { maxPacketSize, sendQueueBytes, receiveQueueBytes, closeTimeoutMs };
}
