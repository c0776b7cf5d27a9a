import { isThenable } from "../../brands.js";
import { NetworkError } from "../../network-error.js";
import type { IVoicePacket } from "../wire/voice-packet.js";
import { JitterBuffer, Turn } from "./jitter-buffer.js";
import { checkSamples, energyOf, levelOf } from "./samples.js";
import { QUIET, TimeScale } from "./time-scale.js";
import type { VoiceCodec, VoiceDecoder } from "./voice-codec.js";

/** So many frames that cannot be decoded within a second silence a speaker. */
const MAX_ERRORS = 10;
const ERRORS_MS = 1000;
const SILENCED_MS = 5000;

const NO_SAMPLES = new Float32Array(0);

/** What has become of one player's speech here. */
export interface PlaybackStatistics {
  /** Frames that were played as they were sent. */
  readonly played: number;
  /** Frames that came when it had been their turn already. */
  readonly late: number;
  /** Lost frames that the next one told about. */
  readonly recovered: number;
  /** Lost frames that the codec made sound for. */
  readonly concealed: number;
  /** Frames that could not be decoded. */
  readonly errors: number;
  /** How long sound waits for its turn, beyond what the quickest packet took: at present, and as it should be. */
  readonly delayMs: number;
  /** How long sound should wait: `delayMs` moves towards it, by playing a little faster or slower. */
  readonly targetMs: number;
}

/** Makes sound of what one player says. */
export class SpeakerPlayback {
  readonly #decoder: VoiceDecoder;
  readonly #buffer: JitterBuffer;
  readonly #timeScale: TimeScale;
  /** Two frames of it. */
  readonly #silence: Float32Array;
  readonly #silentFrame: Float32Array;
  readonly #sampleRate: number;
  #session = -1;
  /** What is left of the last frame. */
  #samples: Float32Array = NO_SAMPLES;
  #place = 0;
  #recovered = 0;
  #concealed = 0;
  #errors = 0;
  #recentErrors = 0;
  #errorsMs = Number.NEGATIVE_INFINITY;
  #silencedMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  /** @param frameSize of the speaker's frames, in samples */
  constructor(codec: VoiceCodec, frameSize: number) {
    const { sampleRate } = codec.settings;
    this.#sampleRate = sampleRate;
    this.#decoder = codec.createDecoder(frameSize);
    this.#buffer = new JitterBuffer((1000 * frameSize) / sampleRate, this.#decoder.recover !== undefined);
    this.#timeScale = new TimeScale(sampleRate, frameSize);
    this.#silence = new Float32Array(2 * frameSize);
    this.#silentFrame = this.#silence.subarray(0, frameSize);
  }

  /** What has become of this player's speech: a copy, made on each access. */
  get statistics(): PlaybackStatistics {
    const { played, late, delayMs, targetMs } = this.#buffer;
    return {
      played,
      late,
      recovered: this.#recovered,
      concealed: this.#concealed,
      errors: this.#errors,
      delayMs,
      targetMs,
    };
  }

  /** Frames that came when it had been their turn already. */
  get late(): number {
    return this.#buffer.late;
  }

  /** How loud the frame is that is being played: the root of its mean square, 0 to 1. */
  get level(): number {
    return levelOf(this.#samples);
  }

  /** Takes a packet that has come. */
  receive(packet: IVoicePacket, nowMs: number): void {
    if (this.#isClosed || nowMs < this.#silencedMs) return;
    if (packet.channelSession !== this.#session) {
      this.#session = packet.channelSession;
      this.#buffer.restart();
    }
    const { buffer, frame, frameCounter, packetCounter, redundant, redundantCount } = packet;
    this.#buffer.put(frameCounter, packetCounter, buffer, frame.offset, frame.length, nowMs);
    let furthest = 0;
    for (let index = 0; index < redundantCount; index++) {
      const { distance, length, offset } = redundant[index] as (typeof redundant)[number];
      furthest = Math.max(furthest, distance);
      this.#buffer.putRedundant(frameCounter, distance, buffer, offset, length);
    }
    this.#buffer.noteRedundancy(furthest, nowMs);
  }

  /**
   * Adds what is to be heard from `nowMs` on to `out`.
   * @param gain what samples are multiplied by
   * @returns whether there was anything but silence
   */
  mixInto(out: Float32Array, gain: number, nowMs: number): boolean {
    let isHeard = false;
    for (let index = 0; index < out.length; ) {
      if (this.#place >= this.#samples.length && !this.#next(nowMs + (1000 * index) / this.#sampleRate)) break;
      const count = Math.min(out.length - index, this.#samples.length - this.#place);
      if (this.#samples.buffer !== this.#silence.buffer) {
        isHeard = true;
        for (let part = 0; part < count; part++) {
          out[index + part] = (out[index + part] as number) + gain * (this.#samples[this.#place + part] as number);
        }
      }
      this.#place += count;
      index += count;
    }
    return isHeard;
  }

  /** Ends it. A second call does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#decoder.close();
  }

  /** Makes the samples of the next frame. @returns false: the first one waits for its turn */
  #next(nowMs: number): boolean {
    if (this.#isClosed || this.#buffer.isWaiting(nowMs)) return false;
    const samples = this.#decoded(this.#buffer.take(nowMs), nowMs);
    this.#samples = this.#inTime(samples, nowMs);
    this.#place = 0;
    return true;
  }

  /** @throws what ends the playback: a trap of WebAssembly, TypeError for a codec that makes no samples */
  #decoded(turn: Turn, nowMs: number): Float32Array {
    if (turn === Turn.Silence || nowMs < this.#silencedMs) return this.#silentFrame;
    let samples: Float32Array;
    try {
      samples = this.#decode(turn);
    } catch (error) {
      this.#failed(error, nowMs);
      return this.#silentFrame;
    }
    if (isThenable(samples)) void Promise.resolve(samples).catch(() => {}); // The error below says it.
    checkSamples(samples, "What a decoder makes");
    if (samples.length <= this.#silentFrame.length) return samples;
    this.#failed(new NetworkError("ERR_BAD_VALUE", "A frame is longer than the speaker said"), nowMs);
    return this.#silentFrame;
  }

  #decode(turn: Turn): Float32Array {
    if (turn === Turn.Frame) return this.#decoder.decode(this.#buffer.bytes);
    if (turn === Turn.Recover && this.#decoder.recover) {
      this.#recovered++;
      return this.#decoder.recover(this.#buffer.bytes);
    }
    this.#concealed++;
    return this.#decoder.conceal();
  }

  /** Longer or shorter, where the delay is to be another one. */
  #inTime(samples: Float32Array, nowMs: number): Float32Array {
    const isQuiet = samples === this.#silentFrame || energyOf(samples) < QUIET;
    const byMs = this.#buffer.wantedChangeMs(nowMs, isQuiet);
    if (byMs === 0) return samples;
    const changed = isQuiet ? this.#cut(byMs) : this.#timeScale.change(samples, byMs);
    if (changed !== samples) this.#buffer.changed(this.#timeScale.durationMs(changed.length - samples.length), nowMs);
    return changed;
  }

  /** Silence that is longer or shorter than a frame. */
  #cut(byMs: number): Float32Array {
    const count = this.#silentFrame.length + Math.round((byMs * this.#sampleRate) / 1000);
    return this.#silence.subarray(0, Math.max(1, Math.min(this.#silence.length, count)));
  }

  #failed(error: unknown, nowMs: number): void {
    this.#errors++;
    if (isTrap(error)) throw error;
    if (nowMs - this.#errorsMs >= ERRORS_MS) {
      this.#errorsMs = nowMs;
      this.#recentErrors = 0;
    }
    this.#recentErrors++;
    if (this.#recentErrors >= MAX_ERRORS) this.#silencedMs = nowMs + SILENCED_MS;
  }
}

/** Whether a codec of WebAssembly has ended: all decoders of the program are lost with it. */
export function isTrap(error: unknown): boolean {
  const { WebAssembly } = globalThis as { WebAssembly?: { RuntimeError: new () => Error } };
  return WebAssembly !== undefined && error instanceof WebAssembly.RuntimeError;
}
