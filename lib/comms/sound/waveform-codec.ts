import { NetworkError } from "../../network-error.js";
import type { CodecSettings } from "../values/codec-settings.js";
import { RepeatedFrame } from "./repeated-frame.js";
import { checkSampleCount } from "./samples.js";
import type { VoiceCodec, VoiceDecoder, VoiceEncoder } from "./voice-codec.js";

/** How samples of 16 bits become bytes, each by itself. */
export interface SampleFormat {
  readonly bytes: number;
  write(view: DataView, place: number, value: number): void;
  read(view: DataView, place: number): number;
}

const SCALE = 32_768;

/** A sample of 16 bits. What is louder than can be is cut off. */
export const toInt16 = (sample: number): number => Math.max(-SCALE, Math.min(SCALE - 1, Math.round(sample * SCALE)));

/** A codec that writes sample after sample. */
export function waveformCodec(settings: CodecSettings, format: SampleFormat): VoiceCodec {
  return {
    settings: Object.freeze(settings),
    createEncoder: () => new WaveformEncoder(format, settings.frameSize),
    createDecoder: (frameSize) => new WaveformDecoder(format, frameSize),
  };
}

class WaveformEncoder implements VoiceEncoder {
  readonly #format: SampleFormat;
  readonly #frameSize: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(format: SampleFormat, frameSize: number) {
    this.#format = format;
    this.#frameSize = frameSize;
    this.#bytes = new Uint8Array(format.bytes * frameSize);
    this.#view = new DataView(this.#bytes.buffer);
  }

  encode(samples: Float32Array): Uint8Array {
    checkSampleCount(samples, this.#frameSize);
    const format = this.#format;
    for (let index = 0; index < samples.length; index++) {
      format.write(this.#view, format.bytes * index, toInt16(samples[index] as number));
    }
    return this.#bytes;
  }

  expectLoss(): void {}

  close(): void {}
}

class WaveformDecoder implements VoiceDecoder {
  readonly #format: SampleFormat;
  readonly #frame: RepeatedFrame;
  readonly #length: number;

  constructor(format: SampleFormat, frameSize: number) {
    this.#format = format;
    this.#length = format.bytes * frameSize;
    this.#frame = new RepeatedFrame(frameSize);
  }

  decode(frame: Uint8Array): Float32Array {
    if (frame.length !== this.#length) {
      throw new NetworkError("ERR_BAD_VALUE", `A frame of ${frame.length} bytes, where one has ${this.#length}`);
    }
    const format = this.#format;
    const { samples } = this.#frame;
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    for (let index = 0; index < samples.length; index++) {
      samples[index] = format.read(view, format.bytes * index) / SCALE;
    }
    return samples;
  }

  conceal(): Float32Array {
    return this.#frame.next();
  }

  close(): void {}
}
