import { type Clock, systemClock } from "../clock.js";
import type { NoisePrimitives } from "../noise/index.js";
import { type Random, type RandomBytes, secureRandomBytes } from "../random.js";
import { FINGERPRINT_BYTES } from "./packet-format.js";

/** Who makes a Peer work: the socket and one timer, or the application's loop. */
export type Drive = "automatic" | "manual";

/** Encryption of the Peer's own, by Noise, for raw UDP and GNS. A WebSocket has that of its transport (wss). */
export interface PeerEncryption {
  /** Where the cryptography comes from: in Node.js `nativePrimitives` of `valve-sockets/noise/native`. */
  primitives: NoisePrimitives;
  /** Server: its private keys (`generateServerKey`); two during a change. Without one, nobody can know it again. */
  serverKeys?: readonly string[];
  /** Client: the server's public key. No other server is talked to, and nothing is ever said in the clear. */
  serverKey?: string;
  /** Server: who comes without encryption is refused. Default true. */
  required?: boolean;
}

/** All settings of a {@link Peer}; each has a default. Times in milliseconds, sizes in bytes. */
export interface PeerConfig {
  /** `automatic`: packets are read when they come and answered in the same turn. `manual`: nothing happens outside of
   * `updateReceive` and `updateSent`. Default `automatic`. */
  drive: Drive;
  /** Connections at most, 1 to 100,000; as many again may be closing. Default 100. */
  maxConnections: number;
  /** Strangers at most who have not finished their handshake. Default 64. */
  maxPendingConnections: number;
  /** After this an unfinished handshake is given up, on either side. Default 5000. */
  handshakeTimeoutMs: number;
  /** How often a client repeats an unanswered request. Default 250. */
  connectIntervalMs: number;
  /** After this long without a word from the other side it is asked for one. Default 2000. */
  keepAliveMs: number;
  /** After this long without a word from the other side the connection ends. Default 10,000. */
  timeoutMs: number;
  /** How long a closing connection waits for what is queued, and then for the answer. Default 2000 each. */
  closeTimeoutMs: number;
  /** Longest reliable message, up to 1,000,000. Both ends need the same. Default 60,000. */
  maxReliableMessageSize: number;
  /** Bytes that may wait in the queue of a lane before `send` refuses. Default 1 MiB. */
  maxQueuedBytes: number;
  /** Streams at once, in each direction. Default 8. */
  maxStreams: number;
  /** 8 bytes that stand for what the two ends talk about; a difference is a `ProtocolMismatch`. Default zeros. */
  fingerprint: Uint8Array;
  /** Whether a connection with another fingerprint is refused, or accepted and marked. Default `reject`. */
  onFingerprintMismatch: "reject" | "accept";
  /** Noise, where it is wanted. Default none. */
  encryption: PeerEncryption | null;
  clock: Clock;
  /** For jitter only. */
  random: Random;
  /** For cookies, nonces and session ids; replaced in tests only. */
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
