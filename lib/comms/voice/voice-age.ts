/** Older voice is handed to nobody: late is worse than lost. */
const MAX_AGE_MS = 200;
/** The clocks of a speaker and a listener differ by less than this. */
const DRIFT = 0.001;
/** Where so much speech has been late by the same time, the way has become longer: its frames are timed anew. */
const STEADY_MS = 1000;

const NUMBERS = 0x1_0000;

/**
 * How late the voice of one speaker is. Its frames count its time, so a frame is as late as it took longer than the
 * quickest one. Standing still does not count: however long it lasts, the quickest frame stays known.
 */
export class VoiceAge {
  #frame = -1;
  /** The speaker's time, in frames counted. It begins anywhere. */
  #spokenMs = 0;
  #nowMs = 0;
  /** What the quickest frame took, by two clocks that begin anywhere. */
  #leastMs = Number.POSITIVE_INFINITY;
  /** The first of late frames that are all about as late as it was. */
  #lateMs = Number.NaN;
  #lateSpokenMs = 0;

  /**
   * Takes a frame that has come.
   * @param frameCounter 0 to 65,535
   * @param frameMs how long a frame of the speaker is
   * @returns whether it is more than 200 ms late
   */
  isTooOld(frameCounter: number, frameMs: number, nowMs: number): boolean {
    if (this.#frame >= 0) this.#spokenMs += this.#framesSince(frameCounter, (nowMs - this.#nowMs) / frameMs) * frameMs;
    const transitMs = nowMs - this.#spokenMs;
    this.#leastMs = Math.min(transitMs, this.#leastMs + DRIFT * (nowMs - this.#nowMs));
    this.#frame = frameCounter;
    this.#nowMs = nowMs;
    const ageMs = transitMs - this.#leastMs;
    if (ageMs <= MAX_AGE_MS) {
      this.#lateMs = Number.NaN;
      return false;
    }
    // What had to wait for a line that stood still comes at once: each frame is less late than the one before.
    if (!(Math.abs(ageMs - this.#lateMs) <= MAX_AGE_MS)) {
      this.#lateMs = ageMs;
      this.#lateSpokenMs = this.#spokenMs;
    }
    if (this.#spokenMs - this.#lateSpokenMs < STEADY_MS) return true;
    this.#leastMs = transitMs;
    this.#lateMs = Number.NaN;
    return false;
  }

  /** How many frames after the last one this is, of all that these 16 bits may mean the one nearest to `expected`. */
  #framesSince(frameCounter: number, expected: number): number {
    const frames = frameCounter - this.#frame;
    return frames + NUMBERS * Math.round((expected - frames) / NUMBERS);
  }
}
