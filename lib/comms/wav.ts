import { open, readFile } from "node:fs/promises";
import { checkInteger, checkText } from "../arguments.js";
import { NetworkError } from "../network-error.js";
import { checkSamples } from "./sound/samples.js";
import { toInt16 } from "./sound/waveform-codec.js";

/** The sound of a WAV file. */
export interface WavData {
  /** From -1 to 1. Several channels of the file are mixed into one. */
  readonly samples: Float32Array;
  /** Samples a second. */
  readonly sampleRate: number;
}

const HEADER_BYTES = 44;
const PCM = 1;
const FLOAT = 3;
/** The real format is in a longer header. */
const EXTENSIBLE = 0xfffe;

/**
 * Reads a WAV file: 8, 16, 24 or 32 bits, or floats of 32 bits.
 *
 * @throws NetworkError `ERR_BAD_VALUE` for a file that is none of these; the error of the system if it cannot be read
 */
export async function readWav(path: string): Promise<WavData> {
  checkText("path", path);
  const bytes = await readFile(path);
  try {
    return decodeWav(bytes);
  } catch (cause) {
    throw new NetworkError("ERR_BAD_VALUE", `${path} is no WAV file that can be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** Writes a WAV file of 16 bits, mono. */
export interface WavWriter {
  /** Adds samples, -1 to 1. Those that are given after `close` are refused. */
  write(samples: Float32Array): Promise<void>;
  /** Writes the header's lengths, and closes the file. */
  close(): Promise<void>;
}

/**
 * Begins a WAV file. If the program ends before `close`, what has been written is there, and the header says 0 samples.
 *
 * @throws TypeError, RangeError for wrong arguments; the error of the system if the file cannot be made
 */
export async function createWavWriter(path: string, sampleRate: number): Promise<WavWriter> {
  checkText("path", path);
  checkInteger("sampleRate", sampleRate, 1, 384_000);
  const file = await open(path, "w");
  let dataBytes = 0;
  let isClosed = false;
  await file.write(header(sampleRate, 0), 0, HEADER_BYTES, 0);
  return {
    async write(samples) {
      checkSamples(samples);
      if (isClosed) throw new NetworkError("ERR_CLOSED", `${path} is closed`);
      const bytes = new DataView(new ArrayBuffer(2 * samples.length));
      for (let index = 0; index < samples.length; index++) {
        bytes.setInt16(2 * index, toInt16(samples[index] as number), true);
      }
      const place = HEADER_BYTES + dataBytes;
      dataBytes += bytes.byteLength;
      await file.write(new Uint8Array(bytes.buffer), 0, bytes.byteLength, place);
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      await file.write(header(sampleRate, dataBytes), 0, HEADER_BYTES, 0);
      await file.close();
    },
  };
}

function header(sampleRate: number, dataBytes: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES));
  const text = (place: number, name: string) => {
    for (let index = 0; index < 4; index++) view.setUint8(place + index, name.charCodeAt(index));
  };
  text(0, "RIFF");
  view.setUint32(4, HEADER_BYTES - 8 + dataBytes, true);
  text(8, "WAVE");
  text(12, "fmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, PCM, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, 2 * sampleRate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, dataBytes, true);
  return new Uint8Array(view.buffer);
}

interface WavFormat {
  readonly format: number;
  readonly channels: number;
  readonly sampleRate: number;
  readonly bits: number;
}

function decodeWav(bytes: Uint8Array): WavData {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const name = (place: number) => String.fromCharCode(...bytes.subarray(place, place + 4));
  if (name(0) !== "RIFF" || name(8) !== "WAVE") throw new RangeError("it does not begin as one");
  let format: WavFormat | null = null;
  for (let place = 12; place + 8 <= bytes.length; ) {
    const length = view.getUint32(place + 4, true);
    const data = place + 8;
    if (name(place) === "fmt ") format = readFormat(view, data, length);
    if (name(place) === "data") {
      if (!format) throw new RangeError("its samples come before their format");
      return readSamples(view, data, Math.min(length, bytes.length - data), format);
    }
    place = data + length + (length & 1);
  }
  throw new RangeError("it holds no samples");
}

function readFormat(view: DataView, place: number, length: number): WavFormat {
  const tag = view.getUint16(place, true);
  return {
    format: tag === EXTENSIBLE && length >= 26 ? view.getUint16(place + 24, true) : tag,
    channels: view.getUint16(place + 2, true),
    sampleRate: view.getUint32(place + 4, true),
    bits: view.getUint16(place + 14, true),
  };
}

function readSamples(view: DataView, place: number, length: number, format: WavFormat): WavData {
  const { channels, sampleRate } = format;
  const read = sampleReader(view, format);
  const bytesPerSample = format.bits / 8;
  if (channels === 0 || sampleRate === 0) throw new RangeError("its format has no channel, or no sample rate");
  const samples = new Float32Array(Math.floor(length / (bytesPerSample * channels)));
  for (let index = 0; index < samples.length; index++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) {
      sum += read(place + (index * channels + channel) * bytesPerSample);
    }
    samples[index] = sum / channels;
  }
  return { samples, sampleRate };
}

function sampleReader(view: DataView, { bits, format }: WavFormat): (place: number) => number {
  if (format === FLOAT && bits === 32) return (place) => view.getFloat32(place, true);
  if (format === PCM && bits === 8) return (place) => (view.getUint8(place) - 128) / 128;
  if (format === PCM && bits === 16) return (place) => view.getInt16(place, true) / 2 ** 15;
  if (format === PCM && bits === 24) {
    return (place) => ((view.getInt8(place + 2) << 16) | view.getUint16(place, true)) / 2 ** 23;
  }
  if (format === PCM && bits === 32) return (place) => view.getInt32(place, true) / 2 ** 31;
  throw new RangeError(`its samples have ${bits} bits in format ${format}`);
}
