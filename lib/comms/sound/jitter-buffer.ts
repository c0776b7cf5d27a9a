import { DelayEstimator, MAX_DELAY_MS } from "./delay-estimator.js";

/** What is to be played next. */
export enum Turn {
  /** The frame is there. */
  Frame = 0,
  /** It is lost, and the one behind it is there. */
  Recover = 1,
  /** It is lost, or not there yet. */
  Conceal = 2,
  /** The speaker is silent. */
  Silence = 3,
}

/** Frames that are kept, as a power of two. With 20 ms each that is 1.28 s. */
const SLOTS = 64;
const NUMBERS = 0x1_0000;
/** Sound in place of what is missing lasts at most so long; then there is silence. */
const MAX_CONCEALED_MS = 100;
/** The delay changes by so much at once, and not more often than this. */
const STEP_MS = 5;
const SHORTEN_INTERVAL_MS = 100;
const LENGTHEN_INTERVAL_MS = 40;
/** Where sound waits for so much longer than it should, frames are left out: late is worse than lost. */
const SKIP_MS = 200;
/** How fast the measured delay follows: readers ask at uneven times. */
const SMOOTHING = 1 / 8;
/** Where all frames of so long a time come too late, the speaker stood still: its frames are timed anew. */
const LATE_MS = 500;
/** Redundancy that has not been seen for so long is not waited for any more. */
const REDUNDANCY_MS = 10_000;

class Slot {
  /** The frame that is here, -1 for none. */
  number = -1;
  length = 0;
  /** That of the packet which brought it. Redundant frames have none. */
  packet = -1;
  bytes = new Uint8Array(0);

  set(number: number, packet: number, buffer: Uint8Array, offset: number, length: number): void {
    this.number = number;
    this.packet = packet;
    this.length = length;
    if (this.bytes.length < length) this.bytes = new Uint8Array(Math.max(length, 2 * this.bytes.length));
    this.bytes.set(buffer.subarray(offset, offset + length));
  }
}

/**
 * Keeps the frames of one speaker until it is their turn, and says how long they wait: as short as the line allows. It
 * knows nothing of codecs. Times are milliseconds of one clock.
 */
export class JitterBuffer {
  readonly #frameMs: number;
  readonly #isRecoverable: boolean;
  readonly #slots = Array.from({ length: SLOTS }, () => new Slot());
  #estimator: DelayEstimator;
  /** The highest frame that has come; frames count on where the numbers on the wire (u16) begin anew. */
  #highest = -1;
  #highestPacket = 0;
  /** The frame that is played next; -1: none has come. */
  #next = -1;
  #startMs = 0;
  #delayMs = 0;
  #isDelayKnown = false;
  #playedPacket = -1;
  #concealed = 0;
  #changedMs = Number.NEGATIVE_INFINITY;
  #taken = 0;
  #redundantMs = Number.NEGATIVE_INFINITY;
  #redundantDistance = 0;
  /** When the first of the late frames came that nothing in time has followed; Infinity: none. */
  #lateSinceMs = Number.POSITIVE_INFINITY;
  /** Frames that came when it had been their turn already. */
  late = 0;
  /** Frames that were played as they were sent. */
  played = 0;
  /** Frames that were lost, or late, when it was their turn. */
  missing = 0;

  /**
   * @param frameMs how long a frame is
   * @param isRecoverable whether a frame tells of the lost one before it
   */
  constructor(frameMs: number, isRecoverable = false) {
    this.#frameMs = frameMs;
    this.#isRecoverable = isRecoverable;
    this.#estimator = new DelayEstimator(frameMs);
  }

  /** How long after the quickest packet a frame is to be played. */
  get targetMs(): number {
    const { targetMs } = this.#estimator;
    // A frame that a later packet repeats is of use only if there is time for it, and for the one behind it, which may
    // tell of a lost one. A delay is exact by a step only.
    const redundantMs = (this.#redundantDistance + 1) * this.#frameMs + STEP_MS;
    return this.#redundantDistance === 0 ? targetMs : Math.min(MAX_DELAY_MS, Math.max(targetMs, redundantMs));
  }

  /** How long after the quickest packet frames are played at present. */
  get delayMs(): number {
    return this.#delayMs;
  }

  /** The bytes that belong to the last turn: `Frame` or `Recover`. They are valid until the next call. */
  get bytes(): Uint8Array {
    const slot = this.#slots[this.#taken % SLOTS] as Slot;
    return slot.bytes.subarray(0, slot.length);
  }

  /** New speech of the same speaker, whose frames count from anywhere. */
  restart(): void {
    for (const slot of this.#slots) slot.number = -1;
    this.#highest = this.#next = -1;
    this.#playedPacket = -1;
    this.#concealed = 0;
    this.#isDelayKnown = false;
    this.#estimator = new DelayEstimator(this.#frameMs);
  }

  /**
   * Takes a frame that has come.
   * @param frameCounter of the frame, 0 to 65,535
   * @param packetCounter of the packet, 0 to 65,535
   */
  put(
    frameCounter: number,
    packetCounter: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    nowMs: number,
  ): void {
    // In a long pause time goes on by what is played, and the numbers may begin anew behind the last that has come.
    const reference = Math.max(this.#highest, this.#next);
    const number = reference < 0 ? NUMBERS + frameCounter : unwrapped(frameCounter, reference);
    const packet = this.#highest < 0 ? NUMBERS + packetCounter : unwrapped(packetCounter, this.#highestPacket);
    const isLate = this.#noteLateness(number < this.#next, nowMs);
    if (isLate || (this.#next >= 0 && number >= this.#next + SLOTS)) this.restart();
    this.#estimator.add(nowMs - number * this.#frameMs, nowMs);
    if (this.#next < 0) this.#begin(number, nowMs);
    if (number < this.#next) this.late++;
    else (this.#slots[number % SLOTS] as Slot).set(number, packet, buffer, offset, length);
    if (number <= this.#highest) return;
    this.#highest = number;
    this.#highestPacket = packet;
  }

  /** Takes an earlier frame that the packet of `frameCounter` repeats. `put` comes before it. */
  putRedundant(frameCounter: number, distance: number, buffer: Uint8Array, offset: number, length: number): void {
    const number = unwrapped(frameCounter, this.#highest) - distance;
    const slot = this.#slots[((number % SLOTS) + SLOTS) % SLOTS] as Slot;
    if (number >= this.#next && slot.number !== number) slot.set(number, -1, buffer, offset, length);
  }

  /** The packets of this speaker repeat frames at this distance at most, 0 for none. */
  noteRedundancy(distance: number, nowMs: number): void {
    if (distance >= this.#redundantDistance && distance > 0) this.#redundantMs = nowMs;
    if (nowMs - this.#redundantMs > REDUNDANCY_MS) this.#redundantDistance = distance;
    else this.#redundantDistance = Math.max(this.#redundantDistance, distance);
  }

  /** Whether the first frame waits for its turn still. */
  isWaiting(nowMs: number): boolean {
    return this.#next < 0 || nowMs < this.#startMs;
  }

  /** What is to be played from `nowMs` on, for the length of a frame. Not while it is waiting. */
  take(nowMs: number): Turn {
    this.#skip();
    const number = this.#next++;
    this.#measure(number, nowMs);
    const slot = this.#slots[number % SLOTS] as Slot;
    this.#taken = number;
    if (slot.number === number) {
      this.#concealed = 0;
      this.played++;
      if (slot.packet >= 0) this.#playedPacket = slot.packet;
      return Turn.Frame;
    }
    if (this.#isSilence(number)) return Turn.Silence;
    this.missing++;
    this.#concealed++;
    if (!this.#isRecoverable || number > this.#highest) return Turn.Conceal;
    // A packet was lost: sound waits for the one behind from now on.
    this.noteRedundancy(Math.max(1, this.#redundantDistance), nowMs);
    if ((this.#slots[(number + 1) % SLOTS] as Slot).number === number + 1) {
      this.#taken = number + 1;
      return Turn.Recover;
    }
    return Turn.Conceal;
  }

  /**
   * By how much what is played next should be longer (or shorter, if negative): the delay is to be another one.
   * @param isQuiet nothing can be heard, so that more can change at once
   */
  wantedChangeMs(nowMs: number, isQuiet: boolean): number {
    const missingMs = this.targetMs - this.#delayMs;
    if (!this.#isDelayKnown || Math.abs(missingMs) <= STEP_MS) return 0;
    if (isQuiet) return Math.max(-this.#frameMs, Math.min(this.#frameMs, missingMs));
    const intervalMs = missingMs < 0 ? SHORTEN_INTERVAL_MS : LENGTHEN_INTERVAL_MS;
    return nowMs - this.#changedMs < intervalMs ? 0 : Math.sign(missingMs) * STEP_MS;
  }

  /** What was played was longer than its frame by so much. */
  changed(byMs: number, nowMs: number): void {
    this.#changedMs = nowMs;
    this.#delayMs += byMs;
  }

  /** @returns whether so much has been late that frames are to be timed anew */
  #noteLateness(isLate: boolean, nowMs: number): boolean {
    this.#lateSinceMs = isLate ? Math.min(this.#lateSinceMs, nowMs) : Number.POSITIVE_INFINITY;
    const isStill = nowMs - this.#lateSinceMs >= LATE_MS;
    if (isStill) this.#lateSinceMs = Number.POSITIVE_INFINITY;
    return isStill;
  }

  #begin(number: number, nowMs: number): void {
    this.#next = number;
    this.#startMs = nowMs + this.targetMs;
  }

  #skip(): void {
    const excessMs = this.#isDelayKnown ? this.#delayMs - this.targetMs : 0;
    if (excessMs < SKIP_MS) return;
    const frames = Math.floor(excessMs / this.#frameMs);
    this.#next += frames;
    this.#delayMs -= frames * this.#frameMs;
  }

  #measure(number: number, nowMs: number): void {
    const delayMs = nowMs - number * this.#frameMs - this.#estimator.leastMs;
    if (this.#isDelayKnown) this.#delayMs += SMOOTHING * (delayMs - this.#delayMs);
    else this.#delayMs = delayMs;
    this.#isDelayKnown = true;
  }

  /** Whether nothing was sent for this frame: the next packet that came is the one behind the last played. */
  #isSilence(number: number): boolean {
    if (this.#concealed * this.#frameMs >= MAX_CONCEALED_MS) return true;
    for (let later = number + 1; later <= this.#highest; later++) {
      const slot = this.#slots[later % SLOTS] as Slot;
      if (slot.number === later && slot.packet >= 0) return this.#playedPacket === slot.packet - 1;
    }
    return false;
  }
}

/** The number near `reference` that has these 16 bits. */
function unwrapped(counter: number, reference: number): number {
  const ahead = (counter - reference) & (NUMBERS - 1);
  return reference + (ahead < NUMBERS / 2 ? ahead : ahead - NUMBERS);
}
