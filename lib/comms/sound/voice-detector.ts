import { energyOf } from "./samples.js";

/** Speech is so much louder than the noise behind it (mean squares). */
const ABOVE_NOISE = 8;
/** Nothing below -55 dB is speech. */
const LEAST_ENERGY = 10 ** -5.5;
/** Speech goes on for so long after the last loud frame: words end softly. */
const HANGOVER_MS = 300;
/** How fast the estimate of the noise rises, a second: a steady sound is noise after a few seconds. */
const RISE_PER_SECOND = 2;
const FALL = 0.2;

/** Tells speech from the noise behind it, by how loud it is. */
export class VoiceDetector {
  #noise = LEAST_ENERGY;
  #leftMs = 0;

  /**
   * Hears the next samples: speech is louder than the noise before it, and lasts 300 ms longer than it is loud.
   *
   * @returns whether somebody speaks in these samples, which last `durationMs`
   */
  isSpeech(samples: Float32Array, durationMs: number): boolean {
    const energy = energyOf(samples);
    const isLoud = energy > LEAST_ENERGY && energy > ABOVE_NOISE * this.#noise;
    if (energy < this.#noise) this.#noise += FALL * (energy - this.#noise);
    else this.#noise *= RISE_PER_SECOND ** (durationMs / 1000);
    this.#noise = Math.max(this.#noise, LEAST_ENERGY / ABOVE_NOISE);
    this.#leftMs = isLoud ? HANGOVER_MS : this.#leftMs - durationMs;
    return this.#leftMs > 0;
  }
}
