/// <reference path="../globals.ts" preserve="true" />
/** Authenticated encryption without certificates: the Noise handshakes NK and NN, and the packets that follow them. */
export type { RandomBytes } from "../random.js";
export {
  type HandshakeOptions,
  HandshakePattern,
  HandshakeRole,
  HandshakeState,
  type TransportKeys,
} from "./handshake-state.js";
export { deriveSpaceKey, PACKETS_PER_EPOCH, PacketOpener, PacketSealer } from "./packet-cipher.js";
export {
  type AeadKey,
  KEY_SIZE_BYTES,
  type KeyPair,
  type NoisePrimitives,
  TAG_SIZE_BYTES,
} from "./primitives.js";
export { ReplayWindow } from "./replay-window.js";
export {
  type AcceptedHandshake,
  acceptHandshake,
  generateServerKey,
  parseServerPrivateKey,
  parseServerPublicKey,
  type ServerKey,
} from "./server-key.js";
