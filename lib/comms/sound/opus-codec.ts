import type { OpusDecoderHandle, OpusEncoderHandle } from "libopus-wasm";
import { NetworkError } from "../../network-error.js";
import { checkOptions, integerOption, type OptionRules } from "../../options.js";
import { checkSampleCount } from "./samples.js";
import type { VoiceCodec, VoiceDecoder, VoiceEncoder } from "./voice-codec.js";

/** The number of `opusCodec` in the settings that others see. */
export const OPUS = 3;

/** How Opus encodes. */
export interface OpusOptions {
  /** Bits a second, 6000 to 128,000. @defaultValue 24,000 */
  bitrate?: number;
  /** How much the encoder computes, 0 to 10: half the time at 5. @defaultValue 10 */
  complexity?: number;
}

const rules: OptionRules<OpusOptions> = { bitrate: integerOption(6000, 128_000), complexity: integerOption(0, 10) };

/** 20 ms. */
const FRAME_SIZE = 960;
const SAMPLE_RATE = 48_000;

type Opus = typeof import("libopus-wasm");

/**
 * Opus (RFC 6716) for speech, by the package `libopus-wasm`: 20 ms frames of 48 kHz, mono, wideband, with forward error
 * correction for as many losses as listeners report, and silence that is not sent. For Node.js and browsers.
 *
 * @throws NetworkError `ERR_MISSING_PACKAGE`; TypeError, RangeError for wrong options
 */
export async function opusCodec(options: OpusOptions = {}): Promise<VoiceCodec> {
  checkOptions("opusCodec", options, rules);
  loading ??= load();
  const opus = await loading;
  return {
    settings: Object.freeze({ codec: OPUS, frameSize: FRAME_SIZE, sampleRate: SAMPLE_RATE }),
    createEncoder: () => new OpusEncoder(opus, options),
    createDecoder: (frameSize) => new OpusDecoder(opus, frameSize),
  };
}

let loading: Promise<Opus> | undefined;

async function load(): Promise<Opus> {
  try {
    const opus = await import("libopus-wasm");
    await opus.loadLibopus();
    await warmUp(opus);
    return opus;
  } catch (cause) {
    loading = undefined;
    const text = "Opus needs the package libopus-wasm: npm install libopus-wasm@0.4.0";
    throw new NetworkError("ERR_MISSING_PACKAGE", text, { cause });
  }
}

/** 1 s of sound. */
const WARM_UP_FRAMES = 50;

/** Engines compile the codec twice, the second time while it runs: without this the first words are late by that. */
async function warmUp(opus: Opus): Promise<void> {
  const encoder = await opus.createEncoder(encoderOptions(opus, {}));
  const decoder = await opus.createDecoder({ channels: 1, sampleRate: SAMPLE_RATE, maxFrameSize: FRAME_SIZE });
  const noise = Float32Array.from({ length: FRAME_SIZE }, (_, index) => Math.sin(index * index) / 4);
  for (let frame = 0; frame < WARM_UP_FRAMES; frame++) decoder.decodeFloat(encoder.encodeFloat(noise));
  encoder.free();
  decoder.free();
}

function encoderOptions(
  { Application, Bandwidth, Signal }: Opus,
  { bitrate = 24_000, complexity = 10 }: OpusOptions,
): Parameters<Opus["createEncoder"]>[0] {
  return {
    channels: 1,
    sampleRate: SAMPLE_RATE,
    application: Application.Voip,
    signal: Signal.Voice,
    maxBandwidth: Bandwidth.Wideband,
    frameSize: FRAME_SIZE,
    fec: true,
    dtx: true,
    packetLossPercent: 1,
    bitrate,
    complexity,
  };
}

/** An encoder or decoder, which the package gives in a later turn, though its code is loaded. */
class Coming<Handle extends { free(): void }> {
  #handle: Handle | null = null;
  #failure: { readonly cause: unknown } | null = null;
  #isClosed = false;

  constructor(coming: Promise<Handle>) {
    coming.then(
      (handle) => {
        if (this.#isClosed) handle.free();
        else this.#handle = handle;
      },
      (cause) => {
        this.#failure = { cause };
      },
    );
  }

  /** null: it has not come yet, or is closed. */
  get present(): Handle | null {
    return this.#handle;
  }

  /** The same. @throws NetworkError `ERR_FAILED`: it cannot be made */
  get(): Handle | null {
    if (this.#failure) throw new NetworkError("ERR_FAILED", "The codec Opus cannot be made", this.#failure);
    return this.#handle;
  }

  close(): void {
    this.#isClosed = true;
    this.#handle?.free();
    this.#handle = null;
  }
}

class OpusEncoder implements VoiceEncoder {
  readonly #encoder: Coming<OpusEncoderHandle>;
  #loss = 1;

  constructor(opus: Opus, options: OpusOptions) {
    const coming = opus.createEncoder(encoderOptions(opus, options)).then((encoder) => {
      encoder.setPacketLossPercent(this.#loss);
      return encoder;
    });
    this.#encoder = new Coming(coming);
  }

  encode(samples: Float32Array): Uint8Array {
    checkSampleCount(samples, FRAME_SIZE);
    return this.#encoder.get()?.encodeFloat(samples) ?? NOTHING;
  }

  expectLoss(loss: number): void {
    const percent = Math.max(1, Math.min(100, Math.round(100 * loss)));
    if (percent === this.#loss) return;
    this.#loss = percent;
    this.#encoder.present?.setPacketLossPercent(percent);
  }

  close(): void {
    this.#encoder.close();
  }
}

/** A frame of silence says nothing of the one before it. */
const SILENCE_BYTES = 2;
const NOTHING = new Uint8Array(0);

class OpusDecoder implements VoiceDecoder {
  readonly #frameSize: number;
  readonly #silence: Float32Array;
  readonly #decoder: Coming<OpusDecoderHandle>;

  constructor(opus: Opus, frameSize: number) {
    this.#frameSize = frameSize;
    this.#silence = new Float32Array(frameSize);
    this.#decoder = new Coming(opus.createDecoder({ channels: 1, sampleRate: SAMPLE_RATE, maxFrameSize: frameSize }));
  }

  decode(frame: Uint8Array): Float32Array {
    return this.#decoder.get()?.decodeFloat(frame, { maxFrameSize: this.#frameSize }) ?? this.#silence;
  }

  recover(next: Uint8Array): Float32Array {
    if (next.length <= SILENCE_BYTES) return this.conceal();
    return this.#decoder.get()?.decodeFloat(next, { decodeFec: true, frameSize: this.#frameSize }) ?? this.#silence;
  }

  conceal(): Float32Array {
    return this.#decoder.get()?.decodeFloat(null, { frameSize: this.#frameSize }) ?? this.#silence;
  }

  close(): void {
    this.#decoder.close();
  }
}
