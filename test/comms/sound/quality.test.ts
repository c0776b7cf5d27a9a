// Speech through the codec, the wire's redundancy, a line that loses, and playback: how well it is understood.
import { beforeAll, describe, expect, test } from "vitest";
import { opusCodec, type VoiceCodec } from "../../../lib/comms/audio.js";
import { readWav } from "../../../lib/comms/node.js";
import { SpeakerPlayback } from "../../../lib/comms/sound/speaker-playback.js";
import { Redundancy } from "../../../lib/comms/voice/redundancy.js";
import { FramePlace, type IVoicePacket } from "../../../lib/comms/wire/voice-packet.js";
import { type Random, seededRandom } from "../../../lib/testing/index.js";
import { canSpeak, speechFile } from "../../support/speech.js";
import { stoi } from "../../support/stoi.js";

if (!canSpeak) console.warn("Left out: the quality of speech. It needs the packages espeak-ng and sox.");

const FRAME = 960;
const FRAME_MS = 20;
const RATE = 48_000;

/** Which packets are lost. */
type Loss = (random: Random) => () => boolean;
const none: Loss = () => () => false;
const single =
  (share: number): Loss =>
  (random) =>
  () =>
    random() < share;
/** Gilbert's model: runs of lost packets with this mean length. */
const bursts =
  (share: number, length: number): Loss =>
  (random) => {
    let isBad = false;
    return () => {
      isBad = isBad ? random() >= 1 / length : random() < share / length / (1 - share);
      return isBad;
    };
  };

let speech = new Float32Array(0);
let codec: VoiceCodec;
beforeAll(async () => {
  if (canSpeak) speech = (await readWav(speechFile())).samples as Float32Array<ArrayBuffer>;
  codec = await opusCodec();
});

/** What the listeners have reported of the line before the speech begins. */
interface Known {
  readonly loss: number;
  readonly burst: number;
}

interface Listening {
  readonly loss: Loss;
  readonly known: Known | null;
  readonly seed?: number;
  readonly decodes?: VoiceCodec;
}

/** What is heard of the speech, and how many kilobits a second it took. */
async function listen({ loss, known, seed = 1, decodes = codec }: Listening) {
  const encoder = codec.createEncoder();
  const playback = new SpeakerPlayback(decodes, FRAME);
  await new Promise((resolve) => setImmediate(resolve));
  const redundancy = new Redundancy();
  encoder.expectLoss(known?.loss ?? 0.01);
  const isLost = loss(seededRandom(seed));
  const frames: Uint8Array[] = [];
  const heard: Float32Array[] = [];
  let packets = 0;
  let bytes = 0;
  const receive = (now: number) => {
    const frame = frames.length - 1;
    const own = frames[frame] as Uint8Array;
    if (own.length <= 2) return;
    if (known) redundancy.report(known, now);
    const repeated = redundancy.distances(now).filter((distance) => (frames[frame - distance]?.length ?? 0) > 2);
    const parts = [...repeated.map((distance) => frames[frame - distance] as Uint8Array), own];
    bytes += parts.reduce((sum, { length }) => sum + length, 0);
    const packetCounter = packets++;
    if (isLost()) return;
    playback.receive(packetOf(parts, repeated, frame, packetCounter), now);
  };
  const count = Math.floor(speech.length / FRAME);
  for (let frame = 0; frame < count + 40; frame++) {
    const now = frame * FRAME_MS;
    if (frame < count) {
      frames.push(encoder.encode(speech.subarray(frame * FRAME, (frame + 1) * FRAME)).slice());
      receive(now);
    }
    const out = new Float32Array(FRAME);
    playback.mixInto(out, 1, now + 1);
    heard.push(out);
  }
  playback.close();
  encoder.close();
  return { heard: joined(heard), kilobits: (bytes * 8) / (count * FRAME_MS) };
}

function packetOf(parts: Uint8Array[], distances: number[], frameCounter: number, packetCounter: number): IVoicePacket {
  const places = parts.map(() => new FramePlace());
  const buffer = joinedBytes(parts);
  let offset = 0;
  places.forEach((place, index) => {
    place.distance = distances[index] ?? 0;
    place.offset = offset;
    place.length = parts[index]?.length ?? 0;
    offset += place.length;
  });
  const redundant = places.slice(0, -1);
  return {
    ...{ sender: 1, channelSession: 0, packetCounter, frameCounter: frameCounter & 0xffff, channelCount: 0 },
    ...{ channels: [], frame: places.at(-1) as FramePlace, redundantCount: redundant.length, redundant, buffer },
    isSealed: false,
  };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const joinedBytes = (parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

/**
 * How well it is understood, from when the delay has settled: in windows of 3 s that are put where they fit best, since
 * playback moves a little.
 */
function understood(heard: Float32Array): number {
  const length = 3 * RATE;
  const values: number[] = [];
  let lag = 0;
  for (let start = length; start + length < speech.length; start += length) {
    const clean = speech.subarray(start, start + length);
    const isFirst = values.length === 0;
    lag = bestLag(clean, heard.subarray(start), isFirst ? 0 : lag - 2400, isFirst ? 9600 : lag + 2400);
    const degraded = new Float32Array(length);
    degraded.set(heard.subarray(start + lag, start + lag + length));
    values.push(stoi(clean, degraded, RATE));
  }
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** By how many samples `heard` is late, `from` to `to`: roughly first, and then by each sample. */
function bestLag(clean: Float32Array, heard: Float32Array, from: number, to: number): number {
  const rough = mostAlike(clean, heard, from, to, 12, 29);
  return mostAlike(clean, heard, rough - 12, rough + 12, 1, 13);
}

function mostAlike(clean: Float32Array, heard: Float32Array, from: number, to: number, step: number, stride: number) {
  let found = Math.max(0, from);
  let most = Number.NEGATIVE_INFINITY;
  for (let lag = found; lag <= to; lag += step) {
    let product = 0;
    let square = 1e-9;
    for (let index = 0; index < clean.length && index + lag < heard.length; index += stride) {
      const sample = heard[lag + index] as number;
      product += sample * (clean[index] as number);
      square += sample * sample;
    }
    if (product / Math.sqrt(square) <= most) continue;
    most = product / Math.sqrt(square);
    found = lag;
  }
  return found;
}

describe.runIf(canSpeak)("speech is understood", () => {
  test.each([
    ["no loss", none, null, 0.98],
    ["10 % of the packets lost", single(0.1), { loss: 0.1, burst: 1 }, 0.965],
    ["30 % lost", single(0.3), { loss: 0.3, burst: 1 }, 0.97],
    ["10 % lost, 3 in a row", bursts(0.1, 3), { loss: 0.1, burst: 3 }, 0.96],
    ["30 % lost, 3 in a row", bursts(0.3, 3), { loss: 0.3, burst: 3 }, 0.95],
  ] as const)(
    "%s",
    async (_, loss, known, gate) => {
      const values: number[] = [];
      for (const seed of known?.burst === 3 ? [1, 2, 3, 4] : [1]) {
        const { heard } = await listen({ loss, known, seed });
        values.push(understood(heard));
      }
      expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeGreaterThanOrEqual(gate);
    },
    180_000,
  );

  test("30 % lost, and nothing but concealment: worse, so this measures something", async () => {
    const decodes: VoiceCodec = {
      ...codec,
      createDecoder: (size) => {
        const decoder = codec.createDecoder(size);
        return {
          decode: (frame) => decoder.decode(frame),
          conceal: () => decoder.conceal(),
          close: () => decoder.close(),
        };
      },
    };
    const { heard, kilobits } = await listen({ loss: single(0.3), known: null, decodes });
    expect(understood(heard)).toBeLessThanOrEqual(0.82);
    expect(kilobits).toBeLessThan(25);
  });
});
