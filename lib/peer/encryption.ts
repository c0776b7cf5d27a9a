import { HandshakePattern, HandshakeRole, HandshakeState, type KeyPair, type NoisePrimitives, type TransportKeys } from "../noise/index.js";
import type { IConnectionHandle } from "../socket/index.js";
import { SecurityPattern } from "./handshake-packets.js";
import { ProfileKind } from "./packet-format.js";

/** Encryption of the Peer's own (Noise), for raw UDP and GNS. A stream has that of its transport (wss). */
export interface PeerEncryption {
  primitives: NoisePrimitives;
  /** Server: its static keys; two while it changes from one to the other. Without one, clients stay without a proof. */
  serverKeys?: readonly KeyPair[];
  /** Client: the server's public key. No other server is talked to, and nothing is said in the clear. */
  pinnedKey?: Uint8Array;
  /** Server: refuse who comes without. Default true. */
  required?: boolean;
}
