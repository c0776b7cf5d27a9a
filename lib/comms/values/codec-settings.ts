import { checkOptions, integerOption, type OptionRules, required } from "../../options.js";
import { type Codec, struct, u8, u32 } from "../../serialization/index.js";

/**
 * What a client speaks. The layer passes it on, and knows from it how long a frame is: so how many packets a second are
 * honest, and how late each one is.
 */
export interface CodecSettings {
  /** The codec's number, 0 to 255: what a number means is up to the application. */
  codec: number;
  /** Samples in a frame, 1 to 2^32 - 1. */
  frameSize: number;
  /** Samples a second, 1 to 2^32 - 1. */
  sampleRate: number;
}

export const codecSettings: Codec<CodecSettings> = struct({ codec: u8, frameSize: u32, sampleRate: u32 });

export const CODEC_SETTINGS: OptionRules<CodecSettings> = {
  codec: required(integerOption(0, 255)),
  frameSize: required(integerOption(1, 2 ** 32 - 1)),
  sampleRate: required(integerOption(1, 2 ** 32 - 1)),
};

/** 20 ms of 48 kHz as 16-bit PCM. */
export const DEFAULT_CODEC: Readonly<CodecSettings> = Object.freeze({ codec: 0, frameSize: 960, sampleRate: 48_000 });

/** @throws TypeError, RangeError */
export function checkCodecSettings(settings: CodecSettings): CodecSettings {
  checkOptions("codec", settings, CODEC_SETTINGS, (name) =>
    name === "settings" ? "give the network the settings of the codec, as in codec: codec.settings" : "",
  );
  return { ...settings };
}

/** Whether frames of both are alike. */
export const isSameCodec = (one: CodecSettings, other: CodecSettings): boolean =>
  one.codec === other.codec && one.frameSize === other.frameSize && one.sampleRate === other.sampleRate;

/** How long a frame of these settings is. */
export const frameMs = ({ frameSize, sampleRate }: CodecSettings): number => (1000 * frameSize) / sampleRate;

/** How many frames a second these settings make. */
export const framesPerSecond = ({ frameSize, sampleRate }: CodecSettings): number => sampleRate / frameSize;
