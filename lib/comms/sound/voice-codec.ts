import { thingOption } from "../../options.js";
import type { CodecSettings } from "../values/codec-settings.js";

/** Makes bytes of sound. It belongs to one speaker. */
export interface VoiceEncoder {
  /**
   * Encodes one frame.
   *
   * @param samples one frame: `frameSize` samples from -1 to 1
   * @returns its bytes, which are valid until the next call; at most 2 bytes mean silence, which is not sent
   * @throws TypeError, RangeError for other samples; an Error when the codec itself has failed
   */
  encode(samples: Float32Array): Uint8Array;
  /** Says which share of the packets is lost on the way, 0.01 to 1. */
  expectLoss(loss: number): void;
  /** Gives back its memory. It is not used after that. */
  close(): void;
}

/** Makes sound of bytes. It belongs to one speaker. All samples are valid until the next call. */
export interface VoiceDecoder {
  /** The samples of a frame. @throws Error for bytes that are no frame of this codec, or when the codec has failed */
  decode(frame: Uint8Array): Float32Array;
  /** What `next` tells of the lost frame before it (forward error correction). Left out by codecs that have none. */
  recover?(next: Uint8Array): Float32Array;
  /** Sound that goes on where a frame is lost. */
  conceal(): Float32Array;
  /** Gives back its memory. It is not used after that. */
  close(): void;
}

/** A codec for voice. */
export interface VoiceCodec {
  /** What is sent to others, who find the codec by it. */
  readonly settings: Readonly<CodecSettings>;
  /** An encoder for what this program's user says. */
  createEncoder(): VoiceEncoder;
  /**
   * A decoder for one speaker.
   *
   * @param frameSize of the speaker's frames, in samples of `settings.sampleRate`
   */
  createDecoder(frameSize: number): VoiceDecoder;
}

/** A `VoiceCodec`. */
export const codecOption = thingOption("a codec, such as that of await opusCodec()", "createEncoder", "createDecoder");
