import type { Random } from "../../random.js";
import type { PacketSeal, ProfileLimits } from "../profile.js";
import type { PathValidation } from "./path-validation.js";

export interface RawUdpOptions extends ProfileLimits {
  /** 32 random bits, from the handshake. */
  sessionId: number;
  /**
   * The part of `maxPacketSize` that the handshake has proved on the way to the other side.
   * @defaultValue all of it
   */
  provedPacketSize?: number;
  /** A path that carries no packet of the smallest size is given up within half of this time. */
  timeoutMs: number;
  /** Null: unencrypted. */
  seal: PacketSeal | null;
  /**
   * Lets the connection follow the other side to another address. Not without `seal`: anybody could move it.
   * @defaultValue null
   */
  paths?: PathValidation | null;
  /** Where congestion control begins its cycle, and which packet numbers are skipped. */
  random: Random;
  /**
   * Where packet numbers and the offsets of lanes begin on both sides. For tests.
   * @defaultValue 0
   */
  firstNumber?: number;
}
