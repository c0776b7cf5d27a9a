/** WAV files as source and sink of voice comms, and a seal by OpenSSL, in Node.js. See docs/comms.md. */
export { roomSecretSeal } from "./node-seal.js";
export { createWavWriter, readWav, type WavData, type WavWriter } from "./wav.js";
export type { VoiceSeal, VoiceToSeal } from "./wire/voice-seal.js";
