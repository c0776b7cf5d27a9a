import { type CodecSettings, checkCodecSettings } from "../values/codec-settings.js";
import type { VoiceCodec } from "./voice-codec.js";
import { type SampleFormat, waveformCodec } from "./waveform-codec.js";

/** The number of `pcm16Codec` in the settings that others see. */
export const PCM16 = 0;

const littleEndian: SampleFormat = {
  bytes: 2,
  write: (view, place, value) => view.setInt16(place, value, true),
  read: (view, place) => view.getInt16(place, true),
};

/**
 * Samples as they are, in 16 bits (little-endian): for tests, and for lines that have room. A frame has to fit a packet
 * of 1024 bytes, so take 8 ms at 48 kHz, or 20 ms at 16 kHz.
 *
 * @param settings `frameSize` in samples. @defaultValue 320 samples at 16 kHz
 * @throws TypeError, RangeError
 */
export function pcm16Codec({ frameSize = 320, sampleRate = 16_000 }: Partial<CodecSettings> = {}): VoiceCodec {
  return waveformCodec(checkCodecSettings({ codec: PCM16, frameSize, sampleRate }), littleEndian);
}
