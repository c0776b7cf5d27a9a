import type { Random } from "../../random.js";
import type { PacketSeal } from "../profile.js";

/** Limits of a connection, in bytes. */
export interface RawUdpLimits {
  /**
   * Of each lane: bytes that are not acknowledged; at least one message and its length.
   * @defaultValue 1048576 bytes (1 MiB)
   */
  maxQueuedBytes?: number;
  /**
   * Unreliable and notify messages that have not been sent.
   * @defaultValue 65536 bytes (64 KiB)
   */
  maxQueuedDatagramBytes?: number;
  /**
   * A longer message on a lane is malformed.
   * @defaultValue 60000 bytes
   */
  maxReliableMessageSize?: number;
}

export interface RawUdpOptions {
  /** 32 random bits, from the handshake. */
  sessionId: number;
  /** The largest packet in bytes, with its tag. */
  maxPacketSize: number;
  /** Null: unencrypted. */
  seal: PacketSeal | null;
  limits?: RawUdpLimits;
  /**
   * Where congestion control begins its cycle, and which packet numbers are skipped.
   * @defaultValue Math.random
   */
  random?: Random;
  /**
   * From an earlier measurement, in milliseconds.
   * @defaultValue 0 (unknown)
   */
  roundTripTimeMs?: number;
  /**
   * Where packet numbers and the offsets of lanes begin on both sides. For tests.
   * @defaultValue 0
   */
  firstNumber?: number;
}

export const DEFAULT_LIMITS: Required<RawUdpLimits> = {
  maxQueuedBytes: 1 << 20,
  maxQueuedDatagramBytes: 1 << 16,
  maxReliableMessageSize: 60_000,
};
