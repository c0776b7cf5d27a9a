import { NetworkError } from "../../network-error.js";
import { toInt16 } from "./pcm16-codec.js";
import { RepeatedFrame } from "./repeated-frame.js";
import { checkSampleCount } from "./samples.js";
import type { VoiceCodec, VoiceDecoder, VoiceEncoder } from "./voice-codec.js";

/** The number of `g711Codec("mu")` in the settings that others see. */
export const G711_MU_LAW = 1;
/** The number of `g711Codec("A")`. */
export const G711_A_LAW = 2;

/** 20 ms at 8 kHz. */
const FRAME_SIZE = 160;
const SAMPLE_RATE = 8000;

/**
 * The codec of telephones (ITU-T G.711): 8 bits a sample, 8000 samples a second, 64 kbit/s, frames of 20 ms. It needs
 * no package.
 *
 * @param law how a sample of 16 bits becomes 8. @defaultValue "mu" (North America, Japan)
 */
export function g711Codec(law: "mu" | "A" = "mu"): VoiceCodec {
  const tables = law === "A" ? A_LAW : MU_LAW;
  const codec = law === "A" ? G711_A_LAW : G711_MU_LAW;
  return {
    settings: Object.freeze({ codec, frameSize: FRAME_SIZE, sampleRate: SAMPLE_RATE }),
    createEncoder: () => new G711Encoder(tables),
    createDecoder: (size) => new G711Decoder(tables, size),
  };
}

/** The value of each byte, as 16 bits; and the byte of each value, by `value + 32,768`. */
interface Tables {
  readonly values: Int16Array;
  readonly bytes: Uint8Array;
}

class G711Encoder implements VoiceEncoder {
  readonly #tables: Tables;
  readonly #bytes = new Uint8Array(FRAME_SIZE);

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  encode(samples: Float32Array): Uint8Array {
    checkSampleCount(samples, FRAME_SIZE);
    for (let index = 0; index < FRAME_SIZE; index++) {
      this.#bytes[index] = this.#tables.bytes[toInt16(samples[index] as number) + 0x8000] as number;
    }
    return this.#bytes;
  }

  expectLoss(): void {}

  close(): void {}
}

class G711Decoder implements VoiceDecoder {
  readonly #tables: Tables;
  readonly #frame: RepeatedFrame;
  readonly #length: number;

  constructor(tables: Tables, frameSize: number) {
    this.#tables = tables;
    this.#length = frameSize;
    this.#frame = new RepeatedFrame(frameSize);
  }

  decode(frame: Uint8Array): Float32Array {
    if (frame.length !== this.#length) {
      throw new NetworkError("ERR_BAD_VALUE", `A frame of ${frame.length} bytes, where one has ${this.#length}`);
    }
    const { samples } = this.#frame;
    for (let index = 0; index < frame.length; index++) {
      samples[index] = (this.#tables.values[frame[index] as number] as number) / 0x8000;
    }
    return samples;
  }

  conceal(): Float32Array {
    return this.#frame.next();
  }

  close(): void {}
}

/** Mu-law, table 2 of G.711: a chord of 3 bits, a step of 4, all bits inverted. */
function muLawValue(byte: number): number {
  const bits = ~byte & 0xff;
  const magnitude = ((((bits & 15) << 3) + 0x84) << ((bits >> 4) & 7)) - 0x84;
  return (bits & 0x80) === 0 ? magnitude : -magnitude;
}

/** A-law, table 1 of G.711: a chord of 3 bits, a step of 4, every second bit inverted. */
function aLawValue(byte: number): number {
  const bits = byte ^ 0x55;
  const chord = (bits >> 4) & 7;
  const step = ((bits & 15) << 4) + 8;
  const magnitude = chord === 0 ? step : (step + 0x100) << (chord - 1);
  return (bits & 0x80) === 0 ? -magnitude : magnitude;
}

/** The byte whose value is nearest. */
function tablesOf(toValue: (byte: number) => number): Tables {
  const values = Int16Array.from({ length: 256 }, (_, byte) => toValue(byte));
  const ordered = Array.from({ length: 256 }, (_, byte) => byte).sort(
    (a, b) => (values[a] as number) - (values[b] as number) || b - a,
  );
  const bytes = new Uint8Array(0x1_0000);
  for (let value = -0x8000, place = 0; value < 0x8000; value++) {
    const distance = (at: number) => Math.abs((values[ordered[at] as number] as number) - value);
    while (place < 255 && distance(place + 1) <= distance(place)) place++;
    bytes[value + 0x8000] = ordered[place] as number;
  }
  return { values, bytes };
}

const MU_LAW = tablesOf(muLawValue);
const A_LAW = tablesOf(aLawValue);
