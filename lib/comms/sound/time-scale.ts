import { energyOf } from "./samples.js";

/** Periods of speech that are looked for: 2.5 to 10 ms, so 100 to 400 Hz. */
const MIN_PERIOD_MS = 2.5;
const MAX_PERIOD_MS = 10;
const FADE_MS = 5;
/** Every so many samples are compared: enough to find a period of speech. */
const STRIDE = 4;
/** Mean square of what cannot be heard: -60 dB. */
export const QUIET = 1e-6;

/** Makes a frame longer or shorter by a period of its sound, so that its pitch stays. */
export class TimeScale {
  readonly #sampleRate: number;
  readonly #out: Float32Array;

  /** @param frameSize the longest frame, in samples */
  constructor(sampleRate: number, frameSize: number) {
    this.#sampleRate = sampleRate;
    this.#out = new Float32Array(frameSize + this.#count(MAX_PERIOD_MS));
  }

  /**
   * @param byMs about so much is to be added, or removed if negative
   * @returns the new samples, valid until the next call; the same object where the frame is too short to change
   */
  change(samples: Float32Array, byMs: number): Float32Array {
    const fade = this.#count(FADE_MS);
    const longest = Math.min(this.#count(MAX_PERIOD_MS), samples.length - fade);
    const shortest = this.#count(MIN_PERIOD_MS);
    if (longest < shortest) return samples;
    const period = this.#period(samples, shortest, longest, fade);
    return byMs < 0 ? this.#shorten(samples, period, fade) : this.#lengthen(samples, period, fade);
  }

  /** How long so many samples are. */
  durationMs(samples: number): number {
    return (1000 * samples) / this.#sampleRate;
  }

  #count(ms: number): number {
    return Math.round((ms * this.#sampleRate) / 1000);
  }

  /** After how many samples the sound is most like itself. */
  #period(samples: Float32Array, shortest: number, longest: number, length: number): number {
    if (energyOf(samples) < QUIET) return Math.round((shortest + longest) / 2);
    let best = shortest;
    let bestLikeness = Number.NEGATIVE_INFINITY;
    for (let lag = shortest; lag <= longest; lag++) {
      let product = 0;
      let square = 1e-9;
      for (let index = 0; index < length; index += STRIDE) {
        const later = samples[index + lag] as number;
        product += (samples[index] as number) * later;
        square += later * later;
      }
      const likeness = product / Math.sqrt(square);
      if (likeness <= bestLikeness) continue;
      bestLikeness = likeness;
      best = lag;
    }
    return best;
  }

  /** Leaves a period out: the sound changes from its start to what is a period later. */
  #shorten(samples: Float32Array, period: number, fade: number): Float32Array {
    const out = this.#out.subarray(0, samples.length - period);
    blend(out, 0, samples, 0, period, fade);
    out.set(samples.subarray(period + fade), fade);
    return out;
  }

  /** Plays a period twice. */
  #lengthen(samples: Float32Array, period: number, fade: number): Float32Array {
    const out = this.#out.subarray(0, samples.length + period);
    out.set(samples.subarray(0, period), 0);
    blend(out, period, samples, period, 0, fade);
    out.set(samples.subarray(fade), period + fade);
    return out;
  }
}

/** From the samples at `from` to those at `to`, evenly, within `length`. */
function blend(out: Float32Array, at: number, samples: Float32Array, from: number, to: number, length: number): void {
  for (let index = 0; index < length; index++) {
    const part = (index + 0.5) / length;
    out[at + index] = (1 - part) * (samples[from + index] as number) + part * (samples[to + index] as number);
  }
}
