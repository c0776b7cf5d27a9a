/** What the listeners report of the way to them: the worst of them counts. */
export interface LossReport {
  /** 0 to 1. */
  readonly loss: number;
  /** The mean length of a run of lost packets, at least 1. */
  readonly burst: number;
}

/** Above this share of lost packets, earlier frames travel again. */
const REDUNDANCY_LOSS = 0.12;
/** Runs of so many lost packets are bursts. */
const BURST = 2;
const HEAVY_LOSS = 0.2;
/** Without a bad report for so long it goes back. */
const HOLD_MS = 10_000;

const NONE: readonly number[] = [];
const APART: readonly number[] = [2];
const BURSTS: readonly number[] = [3];
const HEAVY_BURSTS: readonly number[] = [2, 5];

/**
 * Which earlier frames a packet repeats, as distances from its own, by the loss that listeners report. Never distance
 * 1: the codec's own forward error correction covers that.
 */
export class Redundancy {
  #distances = NONE;
  #loss = 0;
  #untilMs = 0;

  /** @param nowMs of the same clock as `distances` */
  report({ loss, burst }: LossReport, nowMs: number): void {
    this.#loss = loss;
    const wanted = wantedDistances(loss, burst);
    // What is less than at present waits, too: one good second is not the end of a bad line.
    if (wanted.length < this.#distances.length && nowMs < this.#untilMs) return;
    this.#distances = wanted;
    if (wanted.length > 0) this.#untilMs = nowMs + HOLD_MS;
  }

  /** At most three, nearest first. */
  distances(nowMs: number): readonly number[] {
    if (this.#distances.length > 0 && nowMs >= this.#untilMs) this.#distances = NONE;
    return this.#distances;
  }

  /** The loss that an encoder is told to expect: at least 1 %. */
  get expectedLoss(): number {
    return Math.max(this.#loss, 0.01);
  }
}

function wantedDistances(loss: number, burst: number): readonly number[] {
  const isBursty = burst >= BURST;
  if (isBursty && loss >= HEAVY_LOSS) return HEAVY_BURSTS;
  if (isBursty && loss >= REDUNDANCY_LOSS / 2) return BURSTS;
  return loss >= REDUNDANCY_LOSS ? APART : NONE;
}
