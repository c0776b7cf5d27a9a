/** WAV files as source and sink of voice comms, in Node.js. See docs/comms.md. */
export { createWavWriter, readWav, type WavData, type WavWriter } from "./wav.js";
