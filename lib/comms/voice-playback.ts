import { checkInstance, outOfRange } from "../arguments.js";
import { type Clock, systemClock } from "../clock.js";
import { arrayOption, checkOptions, clockOption, functionOption, type OptionRules, required } from "../options.js";
import { reportUncaught } from "../report-uncaught.js";
import type { HeardVoice } from "./client/comms-core.js";
import type { ICommsPlayer } from "./client/comms-player.js";
import { Comms, commsCore } from "./comms.js";
import { checkSamples } from "./sound/samples.js";
import { isTrap, SpeakerPlayback } from "./sound/speaker-playback.js";
import { codecOption, type VoiceCodec } from "./sound/voice-codec.js";
import { frameMs } from "./values/codec-settings.js";

/** How voices are played. */
export interface VoicePlaybackOptions {
  /** The codecs that speakers may use, all with the same sample rate. */
  codecs: readonly VoiceCodec[];
  /** Told when a codec has failed for good: nothing is heard any more. @defaultValue an uncaught error */
  onFault?: (error: unknown) => void;
  /** What times speakers and their frames. @defaultValue the clock of the platform */
  clock?: Clock;
}

const rules: OptionRules<VoicePlaybackOptions> = {
  codecs: required(arrayOption),
  onFault: functionOption,
  clock: clockOption,
};

/** Decoders at a time. Whoever was heard longest ago leaves for another. */
const MAX_SPEAKERS = 32;
/** Frames of 2.5 to 120 ms, as Opus has them. */
const MIN_FRAME_MS = 2.5;
const MAX_FRAME_MS = 120;
/** Whoever was heard within this time speaks. */
const SPEAKING_MS = 500;

interface Speaker {
  readonly playback: SpeakerPlayback;
  heardMs: number;
  gain: number;
  priority: number;
  isPositional: boolean;
}

/**
 * Makes sound of what the comms hear: each speaker has a buffer against uneven arrival and a decoder. The sink asks for
 * samples as it needs them.
 */
export class VoicePlayback {
  readonly #comms: Comms;
  readonly #clock: Clock;
  readonly #codecs = new Map<number, VoiceCodec>();
  readonly #sampleRate: number;
  readonly #onFault: (error: unknown) => void;
  /** The speaker heard longest ago first. */
  readonly #speakers = new Map<ICommsPlayer, Speaker>();
  readonly #stops: (() => void)[];
  #unknownCodecs = 0;
  #isFailed = false;

  /**
   * @param comms whose voices are played
   * @throws TypeError, RangeError
   */
  constructor(comms: Comms, options: VoicePlaybackOptions) {
    checkInstance("comms", comms, Comms);
    checkOptions("VoicePlayback", options, rules);
    for (const codec of options.codecs) codecOption("Each of codecs", codec);
    const { clock = systemClock, codecs, onFault = reportUncaught } = options;
    this.#comms = comms;
    this.#clock = clock;
    this.#onFault = onFault;
    this.#sampleRate = codecs[0]?.settings.sampleRate ?? 0;
    for (const codec of codecs) this.#codecs.set(codec.settings.codec, codec);
    if (codecs.length === 0) throw outOfRange("codecs must hold a codec at least");
    if (codecs.some(({ settings }) => settings.sampleRate !== this.#sampleRate)) {
      throw outOfRange("All codecs of a playback have the same sample rate");
    }
    this.#stops = [
      comms.on("voiceReceived", (voice) => this.#receive(voice)),
      comms.on("playerLeft", (player) => this.#remove(player)),
    ];
  }

  /** Of the samples that `read` gives. */
  get sampleRate(): number {
    return this.#sampleRate;
  }

  /** Voices whose codec is not among `codecs`, has another sample rate, or makes no decoder. They are not heard. */
  get unknownCodecs(): number {
    return this.#unknownCodecs;
  }

  /** What can be heard of a player, undefined if nothing was. A position in space needs sound of its own. */
  speaker(player: ICommsPlayer): SpeakerPlayback | undefined {
    return this.#speakers.get(player)?.playback;
  }

  /**
   * Fills `out` with the next samples of all speakers together, from -1 to 1. While somebody with a higher priority is
   * heard, others are not.
   *
   * @param apart asked for each player that speaks from a position: the array, as long as `out`, that its samples are
   *   added to instead of `out`
   * @returns whether there is anything but silence
   * @throws TypeError
   */
  read(out: Float32Array, apart?: (player: ICommsPlayer) => Float32Array | undefined): boolean {
    checkSamples(out);
    out.fill(0);
    if (this.#isFailed) return false;
    const now = this.#clock.now();
    const priority = this.#highestPriority(now);
    let isHeard = false;
    try {
      for (const [player, speaker] of this.#speakers) {
        const gain = speaker.priority < priority ? 0 : speaker.gain;
        const target = (speaker.isPositional && apart?.(player)) || out;
        isHeard = speaker.playback.mixInto(target, gain, now) || isHeard;
      }
    } catch (error) {
      this.#fail(error);
    }
    for (let index = 0; index < out.length; index++) {
      out[index] = Math.max(-1, Math.min(1, out[index] as number));
    }
    return isHeard;
  }

  /** Ends it. A second call does nothing. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
    for (const player of [...this.#speakers.keys()]) this.#remove(player);
  }

  #receive({ amplitude, isPositional, packet, player, priority }: HeardVoice): void {
    if (this.#isFailed) return;
    const speaker = this.#speakers.get(player) ?? this.#create(player);
    if (!speaker) return;
    const now = this.#clock.now();
    this.#speakers.delete(player);
    this.#speakers.set(player, speaker);
    speaker.heardMs = now;
    speaker.gain = amplitude;
    speaker.priority = priority;
    const { late } = speaker.playback;
    speaker.isPositional = isPositional;
    speaker.playback.receive(packet, now);
    commsCore(this.#comms).lateness.add(speaker.playback.late - late, now);
  }

  #create(player: ICommsPlayer): Speaker | null {
    const { codec: number, frameSize, sampleRate } = player.codec;
    const codec = this.#codecs.get(number);
    const lengthMs = frameMs(player.codec);
    if (!codec || sampleRate !== this.#sampleRate || lengthMs < MIN_FRAME_MS || lengthMs > MAX_FRAME_MS) {
      this.#unknownCodecs++;
      return null;
    }
    const [oldest] = this.#speakers.keys();
    if (this.#speakers.size >= MAX_SPEAKERS && oldest) this.#remove(oldest);
    try {
      return { playback: new SpeakerPlayback(codec, frameSize), heardMs: 0, gain: 0, priority: 0, isPositional: false };
    } catch (error) {
      // The length of a frame is what a stranger says, and a codec need not have a decoder for each.
      if (isTrap(error)) this.#fail(error);
      else this.#unknownCodecs++;
      return null;
    }
  }

  #fail(error: unknown): void {
    this.#isFailed = true;
    this.#onFault(error);
  }

  /** Of those who have been heard within a moment. */
  #highestPriority(now: number): number {
    let highest = 0;
    for (const { heardMs, priority } of this.#speakers.values()) {
      if (now - heardMs < SPEAKING_MS) highest = Math.max(highest, priority);
    }
    return highest;
  }

  #remove(player: ICommsPlayer): void {
    const speaker = this.#speakers.get(player);
    this.#speakers.delete(player);
    try {
      speaker?.playback.close();
    } catch (error) {
      this.#onFault(error);
    }
  }
}
