/** How much of a frame is left in the sound that stands for the next one. */
const FADE = 0.5;
/** Below this nothing can be heard any more. */
const SILENT = 0.01;

/** Stands for lost frames where a codec has nothing better: the last frame again, more and more silent. */
export class RepeatedFrame {
  readonly #last: Float32Array;
  #level = 0;

  constructor(frameSize: number) {
    this.#last = new Float32Array(frameSize);
  }

  /** Where the next frame is to be written. */
  get samples(): Float32Array {
    this.#level = 1;
    return this.#last;
  }

  next(): Float32Array {
    const before = this.#level;
    this.#level = before < SILENT ? 0 : before * FADE;
    const last = this.#last;
    // The level falls within the frame, so that it does not crack at its start.
    for (let index = 0; index < last.length; index++) {
      const level = before === 0 ? 0 : 1 + (FADE - 1) * (index / last.length);
      last[index] = this.#level === 0 ? 0 : (last[index] as number) * level;
    }
    return last;
  }
}
