import { checkInstance, outOfRange } from "../arguments.js";
import { checkOptions, type OptionRules, oneOf } from "../options.js";
import { Comms, commsCore } from "./comms.js";
import { checkSamples, levelOf } from "./sound/samples.js";
import { codecOption, type VoiceCodec, type VoiceEncoder } from "./sound/voice-codec.js";
import { VoiceDetector } from "./sound/voice-detector.js";
import { type CodecSettings, frameMs, isSameCodec } from "./values/codec-settings.js";

/** When sound is sent: while somebody speaks, while `isPushed`, or always. */
export type VoiceActivation = "voice" | "push" | "always";

/** How sound is captured. */
export interface VoiceCaptureOptions {
  /** When sound is sent. @defaultValue "voice" */
  activation?: VoiceActivation;
}

const activationOption = oneOf("voice", "push", "always");
const rules: OptionRules<VoiceCaptureOptions> = { activation: activationOption };

/** Stands for a frame in which nobody speaks: it is counted, and not sent. */
const SILENCE = new Uint8Array(0);

/**
 * Sends sound on the open channels of the comms: it cuts samples into frames, and encodes those in which somebody
 * speaks.
 */
export class VoiceCapture {
  /** With push-to-talk: whether the key is down. @defaultValue false */
  isPushed = false;
  readonly #comms: Comms;
  readonly #encoder: VoiceEncoder;
  readonly #detector = new VoiceDetector();
  readonly #frame: Float32Array;
  readonly #frameMs: number;
  #filled = 0;
  #activation: VoiceActivation;
  #isTransmitting = false;
  #isClosed = false;

  /**
   * @param codec the one whose `settings` the network was given as `codec`: others find their decoder by these
   * @throws TypeError, RangeError
   */
  constructor(comms: Comms, codec: VoiceCodec, options: VoiceCaptureOptions = {}) {
    checkInstance("comms", comms, Comms);
    codecOption("codec", codec);
    checkOptions("VoiceCapture", options, rules);
    checkSettings(commsCore(comms).codec, codec.settings);
    this.#comms = comms;
    this.#activation = options.activation ?? "voice";
    this.#frame = new Float32Array(codec.settings.frameSize);
    this.#frameMs = frameMs(codec.settings);
    this.#encoder = codec.createEncoder();
  }

  /** When sound is sent, as in the options. Setting it throws RangeError for anything else. */
  get activation(): VoiceActivation {
    return this.#activation;
  }

  set activation(activation: VoiceActivation) {
    activationOption("activation", activation);
    this.#activation = activation;
  }

  /** How loud the last frame was: the root of its mean square, 0 to 1. */
  get level(): number {
    return levelOf(this.#frame);
  }

  /** Whether the last frame was sent to anybody. */
  get isTransmitting(): boolean {
    return this.#isTransmitting;
  }

  /**
   * Takes samples of the microphone, any number: -1 to 1, mono, with the sample rate of the codec.
   * @throws TypeError
   */
  write(samples: Float32Array): void {
    checkSamples(samples);
    for (let index = 0; index < samples.length && !this.#isClosed; ) {
      const part = samples.subarray(index, index + this.#frame.length - this.#filled);
      this.#frame.set(part, this.#filled);
      this.#filled += part.length;
      index += part.length;
      if (this.#filled === this.#frame.length) this.#send();
    }
  }

  /** Ends it. A second call does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#encoder.close();
  }

  #send(): void {
    this.#filled = 0;
    const isSpeech = this.#detector.isSpeech(this.#frame, this.#frameMs);
    const isActive = this.#activation === "always" || (this.#activation === "push" ? this.isPushed : isSpeech);
    if (isActive) this.#encoder.expectLoss(this.#comms.expectedLoss);
    this.#isTransmitting = this.#comms.sendVoice(isActive ? this.#encoder.encode(this.#frame) : SILENCE);
  }
}

/** With settings that are not its codec's, nobody would understand this client. @throws RangeError */
function checkSettings(told: Readonly<CodecSettings>, spoken: Readonly<CodecSettings>): void {
  if (isSameCodec(told, spoken)) return;
  throw outOfRange("The network tells others of another codec than this one: give it the option codec: codec.settings");
}
