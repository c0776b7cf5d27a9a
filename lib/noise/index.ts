/// <reference path="../globals.ts" preserve="true" />
/** Authenticated encryption with keys of one's own: the Noise handshakes NK and NN, and packets after them. */
export {
  type HandshakeOptions,
  HandshakePattern,
  HandshakeRole,
  HandshakeState,
  type TransportKeys,
} from "./handshake-state.js";
export { deriveSpaceKey, PACKETS_PER_EPOCH as packetsPerEpoch, PacketOpener, PacketSealer } from "./packet-cipher.js";
export {
  type AeadKey,
  KEY_SIZE_BYTES as keySizeBytes,
  type KeyPair,
  type NoisePrimitives,
  TAG_SIZE_BYTES as tagSizeBytes,
} from "./primitives.js";
export { REPLAY_WINDOW_SIZE as replayWindowSize, ReplayWindow } from "./replay-window.js";
export {
  type AcceptedHandshake,
  acceptHandshake,
  generateServerKey,
  parseServerPrivateKey,
  parseServerPublicKey,
  type ServerKey,
} from "./server-key.js";
