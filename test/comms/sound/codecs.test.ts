import { describe, expect, test } from "vitest";
import { g711Codec, opusCodec, pcm16Codec, type VoiceCodec } from "../../../lib/comms/audio.js";

/** A tone of 300 Hz. */
function tone({ frameSize, sampleRate }: VoiceCodec["settings"], frame: number, level = 0.5): Float32Array {
  return Float32Array.from({ length: frameSize }, (_, index) => {
    return level * Math.sin((2 * Math.PI * 300 * (frame * frameSize + index)) / sampleRate);
  });
}

/** How much of `samples` is not the original, as a share of its energy. */
function error(samples: Float32Array, original: Float32Array): number {
  let difference = 0;
  let energy = 0;
  for (let index = 0; index < original.length; index++) {
    difference += ((samples[index] as number) - (original[index] as number)) ** 2;
    energy += (original[index] as number) ** 2;
  }
  return difference / energy;
}

const waveforms = { "PCM, 16 bits": pcm16Codec(), "G.711, mu": g711Codec(), "G.711, A": g711Codec("A") };

describe.each(Object.entries(waveforms))("%s", (name, codec) => {
  test("gives the samples back, as exactly as its bits allow", () => {
    const encoder = codec.createEncoder();
    const decoder = codec.createDecoder(codec.settings.frameSize);
    const samples = tone(codec.settings, 0);
    const decoded = decoder.decode(encoder.encode(samples));
    expect(error(decoded, samples)).toBeLessThan(name.startsWith("PCM") ? 1e-8 : 4e-4);
  });

  test("what is too loud is cut off", () => {
    const { frameSize } = codec.settings;
    const loud = new Float32Array(frameSize).map((_, index) => (index % 2 ? 5 : -5));
    const decoded = codec.createDecoder(frameSize).decode(codec.createEncoder().encode(loud));
    expect(Math.max(...decoded)).toBeGreaterThan(0.97);
    expect(Math.min(...decoded)).toBeLessThan(-0.97);
  });

  test("a lost frame is the last one again, more and more silent", () => {
    const decoder = codec.createDecoder(codec.settings.frameSize);
    decoder.decode(codec.createEncoder().encode(tone(codec.settings, 0)));
    const loudness = Array.from({ length: 12 }, () => Math.max(...decoder.conceal()));
    expect(loudness[0]).toBeGreaterThan(0.2);
    expect(loudness.slice(1).every((level, index) => level <= (loudness[index] as number))).toBe(true);
    expect(loudness.at(-1)).toBe(0);
    expect(decoder.recover).toBe(undefined);
  });

  test.each([0, 1, 5000])("a frame of %i bytes is an error", (length) => {
    const decoder = codec.createDecoder(codec.settings.frameSize);
    expect(() => decoder.decode(new Uint8Array(length))).toThrow(expect.objectContaining({ code: "ERR_BAD_VALUE" }));
  });

  test("samples that are no frame are an error", () => {
    const encoder = codec.createEncoder();
    expect(() => encoder.encode(new Float32Array(7))).toThrow(RangeError);
    expect(() => encoder.encode([1, 2] as never)).toThrow(TypeError);
  });
});

test.each([
  // Tables 1a and 2a of G.711.
  ["mu", [0xff, 0], ["0x80", 32_124], ["0x00", -32_124], ["0xef", 132], ["0x8f", 16_764]],
  ["A", [0xd5, 8], ["0xaa", 32_256], ["0x2a", -32_256], ["0xd4", 24], ["0xf5", 528]],
] as const)("G.711 with the law %s has the values of its tables", (law, ...rows) => {
  const decoder = g711Codec(law).createDecoder(1);
  for (const [byte, value] of rows) {
    expect([byte, (decoder.decode(Uint8Array.of(Number(byte)))[0] as number) * 32_768]).toEqual([byte, value]);
  }
});

test.each(["mu", "A"] as const)("G.711 with the law %s encodes each of its values as the byte it came from", (law) => {
  const codec = g711Codec(law);
  const decoder = codec.createDecoder(1);
  const values = Float32Array.from({ length: 256 }, (_, byte) => decoder.decode(Uint8Array.of(byte))[0] as number);
  const encoder = codec.createEncoder();
  for (let start = 0; start < 256; start += 128) {
    const frame = new Float32Array(160).map((_, index) => values[start + (index % 128)] as number);
    const bytes = [...encoder.encode(frame)].slice(0, 128);
    // Mu-law has two zeros.
    expect(bytes.filter((byte, index) => byte !== start + index && values[byte] !== 0)).toEqual([]);
  }
});

describe("Opus", () => {
  test("a tone comes out again, and lost frames are made up for", async () => {
    const codec = await opusCodec();
    const encoder = codec.createEncoder();
    const decoder = codec.createDecoder(codec.settings.frameSize);
    await new Promise((resolve) => setImmediate(resolve));
    encoder.expectLoss(0.2);
    const frames = Array.from({ length: 60 }, (_, frame) => encoder.encode(tone(codec.settings, frame)).slice());
    const bitsPerSecond = (frames.reduce((sum, { length }) => sum + length, 0) * 8) / (60 * 0.02);
    expect(bitsPerSecond).toBeLessThan(32_000);
    const loudness = (samples: Float32Array | null) => Math.max(...(samples ?? [0]));
    for (const frame of frames.slice(0, 50)) decoder.decode(frame);
    expect(loudness(decoder.recover?.(frames[51] as Uint8Array) ?? null)).toBeGreaterThan(0.1);
    expect(loudness(decoder.decode(frames[51] as Uint8Array))).toBeGreaterThan(0.1);
    expect(loudness(decoder.conceal())).toBeGreaterThan(0.05);
    encoder.close();
    decoder.close();
    decoder.close();
  });

  test("silence is not sent: frames of at most 2 bytes", async () => {
    const encoder = (await opusCodec()).createEncoder();
    await new Promise((resolve) => setImmediate(resolve));
    const lengths = Array.from({ length: 100 }, () => encoder.encode(new Float32Array(960)).length);
    expect(lengths.slice(40).filter((length) => length > 2).length).toBeLessThan(6);
    encoder.close();
  });

  test("a frame that is longer than the speaker's own is refused, and broken ones are", async () => {
    const codec = await opusCodec();
    const encoder = codec.createEncoder();
    const decoder = codec.createDecoder(480);
    await new Promise((resolve) => setImmediate(resolve));
    expect(() => decoder.decode(encoder.encode(tone(codec.settings, 0)))).toThrow();
    expect(() => decoder.decode(Uint8Array.of(0x3f, 0xff, 1))).toThrow();
  });

  test("options are checked", async () => {
    await expect(opusCodec({ bitrate: 1 })).rejects.toThrow(RangeError);
    await expect(opusCodec({ bitRate: 9000 } as never)).rejects.toMatchObject({ code: "ERR_UNKNOWN_OPTION" });
  });
});
