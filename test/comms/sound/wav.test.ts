import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWavWriter, readWav } from "../../../lib/comms/node.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wav-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("what is written is read again", async () => {
  const path = join(folder, "a.wav");
  const writer = await createWavWriter(path, 48_000);
  const samples = Float32Array.from({ length: 3000 }, (_, index) => Math.sin(index / 20) * 0.9);
  await Promise.all([writer.write(samples.subarray(0, 1000)), writer.write(samples.subarray(1000))]);
  await writer.close();
  await writer.close();
  await expect(writer.write(samples)).rejects.toMatchObject({ code: "ERR_CLOSED" });
  const { sampleRate, samples: read } = await readWav(path);
  expect(sampleRate).toBe(48_000);
  expect(read).toHaveLength(3000);
  expect(Math.max(...read.map((sample, index) => Math.abs(sample - (samples[index] as number))))).toBeLessThan(2e-5);
});

/** A file of one format, with a chunk before the samples that says nothing of them. */
function wav(format: number, channels: number, bits: number, data: Uint8Array): Uint8Array {
  const head = new DataView(new ArrayBuffer(54));
  const text = (place: number, name: string) =>
    [...name].forEach((letter, index) => {
      head.setUint8(place + index, letter.charCodeAt(0));
    });
  text(0, "RIFF");
  text(8, "WAVEfmt ");
  head.setUint32(16, 16, true);
  head.setUint16(20, format, true);
  head.setUint16(22, channels, true);
  head.setUint32(24, 8000, true);
  head.setUint16(34, bits, true);
  text(36, "LIST");
  head.setUint32(40, 1, true);
  text(46, "data");
  head.setUint32(50, data.length, true);
  return Uint8Array.of(...new Uint8Array(head.buffer), ...data);
}

test.each([
  ["8 bits", wav(1, 1, 8, Uint8Array.of(0, 128, 192)), [-1, 0, 0.5]],
  ["16 bits, two channels", wav(1, 2, 16, Uint8Array.of(0, 0x40, 0, 0xc0, 0, 0x40, 0, 0x40)), [0, 0.5]],
  ["24 bits", wav(1, 1, 24, Uint8Array.of(0, 0, 0xc0, 0, 0, 0x40)), [-0.5, 0.5]],
  ["32 bits", wav(1, 1, 32, Uint8Array.of(0, 0, 0, 0x80)), [-1]],
  ["floats", wav(3, 1, 32, new Uint8Array(Float32Array.of(0.25, -0.125).buffer)), [0.25, -0.125]],
  ["a file that ends within a sample", wav(1, 1, 16, Uint8Array.of(0, 0x40, 7)), [0.5]],
])("%s are read", async (name, bytes, samples) => {
  const path = join(folder, `${name}.wav`);
  await writeFile(path, bytes);
  expect([...(await readWav(path)).samples]).toEqual(samples);
});

test.each([
  ["nothing", new Uint8Array(0)],
  ["text", new TextEncoder().encode("RIFF is what it says, but no more than that")],
  ["no samples", wav(1, 1, 16, new Uint8Array(0)).subarray(0, 46)],
  ["a length beyond the end", wav(1, 1, 16, new Uint8Array(0)).fill(0xff, 16, 20)],
  ["64 bits", wav(1, 1, 64, new Uint8Array(8))],
  ["no channel", wav(1, 0, 16, new Uint8Array(8))],
])("%s is an error that names the file", async (name, bytes) => {
  const path = join(folder, `bad ${name}.wav`);
  await writeFile(path, bytes);
  const error = await readWav(path).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "ERR_BAD_VALUE", message: expect.stringContaining(path) });
});

test("the header of a file that is still written says that there are no samples yet", async () => {
  const path = join(folder, "open.wav");
  const writer = await createWavWriter(path, 8000);
  await writer.write(new Float32Array(10));
  expect((await readFile(path)).readUInt32LE(40)).toBe(0);
  await writer.close();
  expect((await readFile(path)).readUInt32LE(40)).toBe(20);
  await expect(createWavWriter(path, 0)).rejects.toThrow(RangeError);
  await expect(readWav(join(folder, "none.wav"))).rejects.toMatchObject({ code: "ENOENT" });
});
