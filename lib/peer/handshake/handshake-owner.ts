import type { TransportKeys } from "../../noise/index.js";
import type { Delivery, IConnectionHandle } from "../../socket/index.js";
import type { ProfileKind } from "../packet-format.js";
import type { PeerConfig } from "../peer-config.js";
import type { Encryption } from "./encryption.js";
import type { SecurityPattern } from "./handshake-packets.js";

/** What both sides of a handshake need of their Peer. */
export interface HandshakeOwner {
  readonly config: PeerConfig;
  readonly encryption: Encryption | null;
  readonly maxPacketSize: number;
  now(): number;
  transmit(handle: IConnectionHandle, packet: Uint8Array, length: number, delivery: Delivery, lane: number): boolean;
}

/** What a handshake has settled. */
export interface AgreedConnection {
  handle: IConnectionHandle;
  session: number;
  profile: ProfileKind;
  maxPacketSize: number;
  /** Datagrams: packets of this size reach the other side. */
  provedPacketSize: number;
  fingerprintMatches: boolean;
  pattern: SecurityPattern;
  /** Null without Noise. */
  keys: TransportKeys | null;
  /** Client: what a Reset of the server holds. Null on a server, and where it sends none. */
  resetToken: Uint8Array | null;
}
