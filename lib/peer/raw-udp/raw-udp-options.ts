import type { Random } from "../../random.js";
import type { PacketSeal } from "../profile.js";

/** Bounds of a connection's queues and messages, in bytes. */
export interface RawUdpLimits {
  /** Of each lane: bytes that are not acknowledged. 1 MiB without it; at least one message and its length. */
  maxQueuedBytes?: number;
  /** Unreliable and notify messages that wait to leave. 64 KiB without it. */
  maxQueuedDatagramBytes?: number;
  /** A longer message on a lane is malformed. 60,000 without it. */
  maxReliableMessageSize?: number;
}

export interface RawUdpOptions {
  /** Agreed in the handshake: 32 random bits. */
  sessionId: number;
  /** Largest packet in bytes, tag included. */
  maxPacketSize: number;
  /** Encrypts and authenticates; null: plain. */
  seal: PacketSeal | null;
  limits?: RawUdpLimits;
  /** Spreads the phases of congestion control and leaves out numbers of packets. */
  random?: Random;
  /** As the handshake measured it, in milliseconds. */
  roundTripTimeMs?: number;
  /** Where the numbers of packets and the offsets of lanes begin on both sides; 0 but in tests. */
  firstNumber?: number;
}

export const DEFAULT_LIMITS: Required<RawUdpLimits> = {
  maxQueuedBytes: 1 << 20,
  maxQueuedDatagramBytes: 1 << 16,
  maxReliableMessageSize: 60_000,
};
