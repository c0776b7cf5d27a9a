import { oneOf } from "../../options.js";
import type { VoiceCodec } from "./voice-codec.js";
import { waveformCodec } from "./waveform-codec.js";

/** The number of `g711Codec("mu")` in the settings that others see. */
export const G711_MU_LAW = 1;
/** The number of `g711Codec("A")`. */
export const G711_A_LAW = 2;

/** 20 ms at 8 kHz. */
const FRAME_SIZE = 160;
const SAMPLE_RATE = 8000;

const lawOption = oneOf("mu", "A");

/**
 * The codec of telephones (ITU-T G.711): 8 bits a sample, 8000 samples a second, 64 kbit/s, frames of 20 ms. It needs
 * no package.
 *
 * @param law how a sample of 16 bits becomes 8. @defaultValue "mu" (North America, Japan)
 * @throws RangeError for another law
 */
export function g711Codec(law: "mu" | "A" = "mu"): VoiceCodec {
  lawOption("law", law);
  const isALaw = law === "A";
  const { bytes, values } = isALaw ? aLaw() : muLaw();
  return waveformCodec(
    { codec: isALaw ? G711_A_LAW : G711_MU_LAW, frameSize: FRAME_SIZE, sampleRate: SAMPLE_RATE },
    {
      bytes: 1,
      write: (view, place, value) => view.setUint8(place, bytes[value + 0x8000] as number),
      read: (view, place) => values[view.getUint8(place)] as number,
    },
  );
}

/** The value of each byte, as 16 bits; and the byte of each value, by `value + 32,768`. */
interface Tables {
  readonly values: Int16Array;
  readonly bytes: Uint8Array;
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

/** Made once, when somebody takes the codec. */
function lazily(make: () => Tables): () => Tables {
  let tables: Tables | null = null;
  return () => {
    tables ??= make();
    return tables;
  };
}

const muLaw = lazily(() => tablesOf(muLawValue));
const aLaw = lazily(() => tablesOf(aLawValue));
