// How long Opus takes for a frame of 20 ms, warmed up.
import { opusCodec } from "valve-sockets/comms/audio";
import { report } from "../peer/report.mjs";

const FRAME_SIZE = 960;

/** Something like a voice: harmonics that come and go, and noise. */
function speechLike(frames) {
  const samples = new Float32Array(frames * FRAME_SIZE);
  for (let index = 0; index < samples.length; index++) {
    const seconds = index / 48_000;
    const pitch = 2 * Math.PI * (120 + 20 * Math.sin(3 * seconds)) * seconds;
    const loud = 0.5 + 0.5 * Math.sin(2 * Math.PI * 3 * seconds);
    const noise = ((index * 16_807) % 2_147) / 2_147 - 0.5;
    samples[index] =
      loud * (0.3 * Math.sin(pitch) + 0.15 * Math.sin(2 * pitch) + 0.1 * Math.sin(5 * pitch) + 0.05 * noise);
  }
  return samples;
}

/** Reports microseconds a frame. */
export async function codec({ frames }) {
  const opus = await opusCodec();
  const [encoder, decoder] = [opus.createEncoder(), opus.createDecoder(FRAME_SIZE)];
  encoder.expectLoss(0.1);
  await new Promise((resolve) => setImmediate(resolve));
  const samples = speechLike(frames);
  const frameOf = (index) => samples.subarray(index * FRAME_SIZE, (index + 1) * FRAME_SIZE);
  for (let index = 0; index < frames; index++) decoder.decode(encoder.encode(frameOf(index)).slice());
  let encodeMs = 0;
  let decodeMs = 0;
  for (let index = 0; index < frames; index++) {
    const start = performance.now();
    const packet = encoder.encode(frameOf(index)).slice();
    const between = performance.now();
    decoder.decode(packet);
    encodeMs += between - start;
    decodeMs += performance.now() - between;
  }
  report("result", { encode: (1000 * encodeMs) / frames, decode: (1000 * decodeMs) / frames });
}
