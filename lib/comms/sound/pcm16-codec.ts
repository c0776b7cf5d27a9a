import { NetworkError } from "../../network-error.js";
import { type CodecSettings, DEFAULT_CODEC } from "../values/codec-settings.js";
import { RepeatedFrame } from "./repeated-frame.js";
import { checkSampleCount } from "./samples.js";
import type { VoiceCodec, VoiceDecoder, VoiceEncoder } from "./voice-codec.js";

/** The number of `pcm16Codec` in the settings that others see. */
export const PCM16 = 0;

const SCALE = 32_768;

/**
 * Samples as they are, in 16 bits (little-endian): for tests, and for lines that have room. A frame has to fit a packet
 * of 1024 bytes, so take 8 ms at 48 kHz, or 20 ms at 16 kHz.
 *
 * @param settings `frameSize` in samples. @defaultValue 320 samples at 16 kHz
 */
export function pcm16Codec({ frameSize = 320, sampleRate = 16_000 }: Partial<CodecSettings> = {}): VoiceCodec {
  const settings = Object.freeze({ ...DEFAULT_CODEC, codec: PCM16, frameSize, sampleRate });
  return {
    settings,
    createEncoder: () => new Pcm16Encoder(frameSize),
    createDecoder: (size) => new Pcm16Decoder(size),
  };
}

class Pcm16Encoder implements VoiceEncoder {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(frameSize: number) {
    this.#bytes = new Uint8Array(2 * frameSize);
    this.#view = new DataView(this.#bytes.buffer);
  }

  encode(samples: Float32Array): Uint8Array {
    checkSampleCount(samples, this.#bytes.length / 2);
    for (let index = 0; index < samples.length; index++) {
      this.#view.setInt16(2 * index, toInt16(samples[index] as number), true);
    }
    return this.#bytes;
  }

  expectLoss(): void {}

  close(): void {}
}

class Pcm16Decoder implements VoiceDecoder {
  readonly #frame: RepeatedFrame;
  readonly #length: number;

  constructor(frameSize: number) {
    this.#length = 2 * frameSize;
    this.#frame = new RepeatedFrame(frameSize);
  }

  decode(frame: Uint8Array): Float32Array {
    if (frame.length !== this.#length) {
      throw new NetworkError("ERR_BAD_VALUE", `A frame of ${frame.length} bytes, where one has ${this.#length}`);
    }
    const { samples } = this.#frame;
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    for (let index = 0; index < samples.length; index++) samples[index] = view.getInt16(2 * index, true) / SCALE;
    return samples;
  }

  conceal(): Float32Array {
    return this.#frame.next();
  }

  close(): void {}
}

/** A sample of 16 bits. What is louder than can be is cut off. */
export const toInt16 = (sample: number): number => Math.max(-SCALE, Math.min(SCALE - 1, Math.round(sample * SCALE)));
