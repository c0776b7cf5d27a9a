/** Authenticated encryption with keys of one's own: the Noise handshakes NK and NN, and packets after them. */
export {
  type HandshakeOptions,
  HandshakePattern,
  HandshakeRole,
  HandshakeState,
  type TransportKeys,
} from "./handshake-state.js";
export { deriveSpaceKey, PacketOpener, PacketSealer, packetsPerEpoch } from "./packet-cipher.js";
export { type AeadKey, type KeyPair, keySizeBytes, type NoisePrimitives, tagSizeBytes } from "./primitives.js";
export { ReplayWindow, replayWindowSize } from "./replay-window.js";
export {
  type AcceptedHandshake,
  acceptHandshake,
  generateServerKey,
  parseServerPrivateKey,
  parseServerPublicKey,
  type ServerKey,
} from "./server-key.js";
