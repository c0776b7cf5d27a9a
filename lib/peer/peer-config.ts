import { checkBytes, invalidType, rangeError, typeError } from "../arguments.js";
import { type Clock, systemClock } from "../clock.js";
import { isDevelopment } from "../development.js";
import type { ConnectionGuard } from "../guard/connection-guard.js";
import { type NoisePrimitives, parseServerPrivateKey, parseServerPublicKey } from "../noise/index.js";
import { primitivesOption } from "../noise/primitives.js";
import {
  arrayOption,
  booleanOption,
  checkOptions,
  clockOption,
  durationOption,
  functionOption,
  integerOption,
  nullOr,
  type OptionRules,
  objectOption,
  oneOf,
  required,
  textOption,
} from "../options.js";
import { type Random, type RandomBytes, secureRandomBytes } from "../random.js";
import { FINGERPRINT_BYTES } from "./packet-format.js";

/** What makes a Peer work: its socket and one timer, or the application's loop. */
export type Drive = "automatic" | "manual";

/** Encryption by the Peer itself (Noise), over UDP and GNS. Over WebSocket the transport's own counts (wss). */
export interface PeerEncryption {
  /** The cryptography: in Node.js `nativePrimitives` of `valve-sockets/noise/native`. */
  primitives: NoisePrimitives;
  /**
   * Server: its private keys, as `generateServerKey` makes them; two while one replaces the other. A server without a
   * key cannot be told from any other.
   * @defaultValue none
   */
  serverKeys?: readonly string[];
  /**
   * Client: the server's public key. The client then talks to no other server, and sends nothing unencrypted.
   * @defaultValue none
   */
  serverKey?: string;
  /**
   * Server: refuses clients without encryption.
   * @defaultValue true
   */
  required?: boolean;
}

/** All settings of a {@link Peer}. Times are in milliseconds, and `Infinity` is never; sizes are in bytes. */
export interface PeerConfig {
  /**
   * `automatic`: packets are read when they come and answered in the same turn of the event loop. `manual`: nothing
   * happens outside of `updateReceive` and `updateSent`.
   * @defaultValue "automatic"
   */
  drive: Drive;
  /**
   * The most connections at once, 1 to 100,000, without those whose handshake is not finished. As many again may be
   * closing. Further clients are refused with `ERR_SERVER_FULL`.
   * @defaultValue 1000
   */
  maxConnections: number;
  /**
   * The most clients at once that have not finished their handshake, 1 to 100,000. When there are so many, the oldest
   * of the source (an IPv4 address, an IPv6 /64) that has most of them makes room for the next.
   * @defaultValue 4096
   */
  maxPendingConnections: number;
  /**
   * An unfinished handshake ends after this time, on either side, at least 1. It runs from the call of `connect` on.
   * @defaultValue 5000 (5 s)
   */
  handshakeTimeoutMs: number;
  /**
   * A client repeats an unanswered request after this time, at least 1.
   * @defaultValue 250
   */
  connectIntervalMs: number;
  /**
   * When the round-trip time was not measured for this time, the other side is sent a Ping, at least 1. Up to 10 %
   * earlier, by chance.
   * @defaultValue 2000 (2 s)
   */
  keepAliveMs: number;
  /**
   * When nothing has come from the other side for this time, the connection ends, at least 1.
   * @defaultValue 10000 (10 s)
   */
  timeoutMs: number;
  /**
   * How long a closing connection waits until what was sent reliably is acknowledged, and again as long until its Close
   * is, at least 0.
   * @defaultValue 2000 (2 s)
   */
  closeTimeoutMs: number;
  /**
   * The longest reliable message, 1 to 1,000,000 bytes. Both ends need the same value: others are refused with
   * `ERR_PROTOCOL_MISMATCH`.
   * @defaultValue 60000 bytes
   */
  maxReliableMessageSize: number;
  /**
   * How many bytes of a lane may be queued or unacknowledged before `send` answers false, 1024 to 2^28.
   * @defaultValue 1048576 bytes (1 MiB)
   */
  maxQueuedBytes: number;
  /**
   * The most streams at once in each direction, 0 to 1000.
   * @defaultValue 8
   */
  maxStreams: number;
  /**
   * 8 bytes that stand for the protocol that is spoken above the Peer.
   * @defaultValue zeros
   */
  fingerprint: Uint8Array;
  /**
   * What a server does with a client whose fingerprint is another one: `reject` it with `ProtocolMismatch`, or `accept`
   * it with `connection.fingerprintMatches` false.
   * @defaultValue "reject"
   */
  onFingerprintMismatch: "reject" | "accept";
  /**
   * Server: gives at most 231 bytes for whoever asks without connecting; null: it answers none. Over UDP a
   * source (an IPv4 address, an IPv6 /64) gets 20 answers at once and 20 a second.
   * @defaultValue null
   */
  info: (() => Uint8Array | null) | null;
  /**
   * Encryption by the Peer itself.
   * @defaultValue null
   */
  encryption: PeerEncryption | null;
  /**
   * Server: a `ConnectionGuard` of `valve-sockets/guard`, which refuses sources that are banned, and during a flood
   * those that are over their rate. Give the same one to a `WebSocketFactory`, which then asks it before HTTP.
   * @defaultValue null
   */
  guard: ConnectionGuard | null;
  /**
   * Whether a message that is read after its `onMessage` throws, in place of giving the bytes of another one. Costs an
   * object for each message.
   * @defaultValue true where `NODE_ENV` is "development", else false
   */
  debug: boolean;
  /** Where the Peer gets the time and its timers from. @defaultValue the clock of the platform */
  clock: Clock;
  /**
   * For jitter only.
   * @defaultValue Math.random
   */
  random: Random;
  /**
   * For cookies, nonces and session ids. Tests replace it.
   * @defaultValue crypto.getRandomValues
   */
  randomBytes: RandomBytes;
}

const defaults: PeerConfig = {
  drive: "automatic",
  maxConnections: 1000,
  maxPendingConnections: 4096,
  handshakeTimeoutMs: 5000,
  connectIntervalMs: 250,
  keepAliveMs: 2000,
  timeoutMs: 10_000,
  closeTimeoutMs: 2000,
  maxReliableMessageSize: 60_000,
  maxQueuedBytes: 2 ** 20,
  maxStreams: 8,
  fingerprint: new Uint8Array(FINGERPRINT_BYTES),
  onFingerprintMismatch: "reject",
  info: null,
  encryption: null,
  guard: null,
  debug: isDevelopment(),
  clock: systemClock,
  random: Math.random,
  randomBytes: secureRandomBytes,
};

const PEER_OPTIONS: OptionRules<Partial<PeerConfig>> = {
  drive: oneOf("automatic", "manual"),
  maxConnections: integerOption(1, 100_000),
  maxPendingConnections: integerOption(1, 100_000),
  handshakeTimeoutMs: durationOption(1),
  connectIntervalMs: durationOption(1),
  keepAliveMs: durationOption(1),
  timeoutMs: durationOption(1),
  closeTimeoutMs: durationOption(0),
  maxReliableMessageSize: integerOption(1, 1_000_000),
  maxQueuedBytes: integerOption(1024, 2 ** 28),
  maxStreams: integerOption(0, 1000),
  fingerprint: (name, value) => {
    checkBytes(name, value as Uint8Array);
    if ((value as Uint8Array).length !== FINGERPRINT_BYTES) throw rangeError(name, `${FINGERPRINT_BYTES} bytes`);
  },
  onFingerprintMismatch: oneOf("reject", "accept"),
  info: nullOr(functionOption),
  encryption: nullOr((name, value) => {
    const given = value as PeerEncryption;
    checkOptions(name, given, ENCRYPTION_OPTIONS);
    // A variable that is not set must not turn into a client that talks to whoever answers.
    if ("serverKey" in given && given.serverKey === undefined) {
      throw typeError(`${name}.serverKey`, "a text, or left out: it is undefined");
    }
    if (given.serverKeys?.length === 0) throw typeError(`${name}.serverKeys`, "at least one key, or left out");
    primitivesOption(`${name}.primitives`, given.primitives);
    for (const key of given.serverKeys ?? []) parseServerPrivateKey(given.primitives, key);
    if (given.serverKey !== undefined) parseServerPublicKey(given.primitives, given.serverKey);
  }),
  guard: nullOr(objectOption("accept", "isBanned")),
  debug: booleanOption,
  clock: clockOption,
  random: functionOption,
  randomBytes: functionOption,
};

const ENCRYPTION_OPTIONS: OptionRules<PeerEncryption> = {
  primitives: required(primitivesOption),
  serverKeys: arrayOption,
  serverKey: textOption,
  required: booleanOption,
};

/**
 * An option of the other side would be ignored: that server would have no identity, and that client pin none.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 */
export function checkSide({ encryption }: Pick<PeerConfig, "encryption">, side: "server" | "client"): void {
  if (side === "server" && encryption?.serverKey !== undefined) {
    throw invalidType("encryption.serverKey is an option of clients: a server takes its private keys, as serverKeys");
  }
  if (side === "client" && encryption?.serverKeys !== undefined) {
    throw invalidType("encryption.serverKeys is an option of servers: a client takes the public key, as serverKey");
  }
}

export const isPeerOption = (name: string): boolean => Object.hasOwn(PEER_OPTIONS, name);

/**
 * The defaults with the given settings over them.
 *
 * @throws TypeError `ERR_UNKNOWN_OPTION`, `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE`
 */
export function completeConfig(given: Partial<PeerConfig>): PeerConfig {
  checkOptions("Peer", given, PEER_OPTIONS);
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaults, ...(Object.fromEntries(set) as Partial<PeerConfig>) };
}
