import { type Clock, systemClock } from "../clock.js";
import type { NoisePrimitives } from "../noise/index.js";
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

/** All settings of a {@link Peer}. Times are in milliseconds, sizes in bytes. */
export interface PeerConfig {
  /**
   * `automatic`: packets are read when they come and answered in the same turn of the event loop. `manual`: nothing
   * happens outside of `updateReceive` and `updateSent`.
   * @defaultValue "automatic"
   */
  drive: Drive;
  /**
   * The most connections at once, 1 to 100,000. As many again may be closing.
   * @defaultValue 100
   */
  maxConnections: number;
  /**
   * The most clients at once that have not finished their handshake, 1 to 100,000.
   * @defaultValue 64
   */
  maxPendingConnections: number;
  /**
   * An unfinished handshake ends after this time, on either side, 1 to 3,600,000.
   * @defaultValue 5000 (5 s)
   */
  handshakeTimeoutMs: number;
  /**
   * A client repeats an unanswered request after this time, 1 to 3,600,000.
   * @defaultValue 250
   */
  connectIntervalMs: number;
  /**
   * When nothing has come from the other side for this time, it is sent a Ping, 1 to 3,600,000. Up to 10 % earlier, by
   * chance.
   * @defaultValue 2000 (2 s)
   */
  keepAliveMs: number;
  /**
   * When nothing has come from the other side for this time, the connection ends, 1 to 86,400,000.
   * @defaultValue 10000 (10 s)
   */
  timeoutMs: number;
  /**
   * How long a closing connection waits until what was sent reliably is acknowledged, and again as long until its Close
   * is, 0 to 3,600,000.
   * @defaultValue 2000 (2 s)
   */
  closeTimeoutMs: number;
  /**
   * The longest reliable message, 1 to 1,000,000 bytes. Both ends need the same value.
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
   * Encryption by the Peer itself.
   * @defaultValue null
   */
  encryption: PeerEncryption | null;
  /** @defaultValue the clock of the platform */
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
  maxConnections: 100,
  maxPendingConnections: 64,
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
  encryption: null,
  clock: systemClock,
  random: Math.random,
  randomBytes: secureRandomBytes,
};

const ranges: Partial<Record<keyof PeerConfig, [least: number, most: number]>> = {
  maxConnections: [1, 100_000],
  maxPendingConnections: [1, 100_000],
  handshakeTimeoutMs: [1, 3_600_000],
  connectIntervalMs: [1, 3_600_000],
  keepAliveMs: [1, 3_600_000],
  timeoutMs: [1, 86_400_000],
  closeTimeoutMs: [0, 3_600_000],
  maxReliableMessageSize: [1, 1_000_000],
  maxQueuedBytes: [1024, 2 ** 28],
  maxStreams: [0, 1000],
};

/** The defaults with the given settings over them. @throws RangeError for a number out of its range */
export function completeConfig(given: Partial<PeerConfig>): PeerConfig {
  const config = { ...defaults, ...given };
  for (const [name, [least, most]] of Object.entries(ranges)) {
    const value = config[name as keyof PeerConfig] as number;
    if (!(value >= least && value <= most)) throw new RangeError(`${name} is ${least} to ${most}, not ${value}`);
  }
  if (config.fingerprint.length !== FINGERPRINT_BYTES) {
    throw new RangeError(`fingerprint has ${FINGERPRINT_BYTES} bytes, not ${config.fingerprint.length}`);
  }
  return config;
}
