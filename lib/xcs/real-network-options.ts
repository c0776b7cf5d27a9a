import { rangeError, typeError } from "../arguments.js";
import { parseHost } from "../format-host.js";
import type { ConnectionGuard } from "../guard/connection-guard.js";
import {
  integerOption,
  numberOption,
  type OptionRule,
  type OptionRules,
  objectOption,
  textOption,
} from "../options.js";
import { quoted } from "../printable.js";

/** Settings of the real network (`backend: "node"`). */
export interface RealNetworkOptions {
  /** The address of this computer on which its ports are opened; `"::"` is all addresses. @defaultValue "0.0.0.0" */
  host?: string;
  /**
   * To whom UDP writes: `"192.0.2.7:80"`, `"[2001:db8::7]:80"`; without a port (`"192.0.2.7"`), to the port of the same
   * number. At most 256.
   *
   * @defaultValue whoever has sent something to the port in the last 30 seconds
   */
  peers?: readonly string[];
  /**
   * The listener to which a port for TCP connects, written as in `peers`.
   *
   * @defaultValue none: the port listens
   */
  connect?: string;
  /**
   * Added to every port before the system sees it, 0 to 65,534: with 8000, port 80 is 8080 there, which needs no
   * special rights.
   *
   * @defaultValue 0
   */
  portOffset?: number;
  /** The share of datagrams that are dropped when they arrive, from 0 to 0.95. @defaultValue 0 */
  simulateLoss?: number;
  /** Decides which ones: a whole number from 0 to 2^32 - 1. @defaultValue 1 */
  seed?: number;
  /**
   * A `ConnectionGuard` of `valve-sockets/guard`: a port for TCP that listens asks it about each peer, and resets those
   * that are refused. A peer has proved itself with its first whole message. @defaultValue none
   */
  guard?: ConnectionGuard;
}

/** Where a peer is. Without a port it is the one that was opened. */
export interface PeerAddress {
  readonly host: string;
  readonly port: number | null;
}

const MAX_PEERS = 256;

/** @throws RangeError `ERR_OUT_OF_RANGE`, TypeError `ERR_INVALID_ARG_TYPE` */
export function parsePeer(name: string, value: unknown): PeerAddress {
  if (typeof value !== "string") throw typeError(name, 'a text like "192.0.2.7:80"');
  const parsed = parseHost(value);
  if (!parsed || parsed.port === 0 || (parsed.port ?? 0) > 65_535) {
    throw rangeError(name, `host:port with a port from 1 to 65535, like "192.0.2.7:80" (it is ${quoted(value)})`);
  }
  return parsed;
}

const peersOption: OptionRule = (name, value) => {
  if (!Array.isArray(value)) throw typeError(name, "an array");
  if (value.length > MAX_PEERS) throw rangeError(name, `at most ${MAX_PEERS} peers`);
  for (const peer of value) parsePeer(name, peer);
};

export const realNetworkRules: OptionRules<RealNetworkOptions> = {
  host: textOption,
  peers: peersOption,
  connect: parsePeer,
  portOffset: integerOption(0, 65_534),
  simulateLoss: numberOption(0, 0.95),
  seed: integerOption(0, 2 ** 32 - 1),
  guard: objectOption("accept", "isBanned"),
};
