// What runs in the thread of the sound. A module of its own, without imports: browsers and bundlers load this one file.

declare class AudioWorkletProcessor {
  readonly port: {
    postMessage(message: unknown): void;
    onmessage: ((event: { readonly data: unknown }) => void) | null;
  };
}
declare function registerProcessor(name: string, processor: new (options: never) => AudioWorkletProcessor): void;

/** Hands over what the microphone records, in pieces. */
class VoiceRecorder extends AudioWorkletProcessor {
  readonly #piece: Float32Array;
  #filled = 0;
  #isOpen = true;

  constructor({ processorOptions }: { processorOptions: { pieceSize: number } }) {
    super();
    this.#piece = new Float32Array(processorOptions.pieceSize);
    this.port.onmessage = () => {
      this.#isOpen = false;
    };
  }

  process([input]: readonly (readonly Float32Array[])[]): boolean {
    const samples = input?.[0];
    for (let index = 0; samples !== undefined && index < samples.length; ) {
      const part = samples.subarray(index, index + this.#piece.length - this.#filled);
      this.#piece.set(part, this.#filled);
      this.#filled += part.length;
      index += part.length;
      if (this.#filled < this.#piece.length) continue;
      this.port.postMessage(this.#piece);
      this.#filled = 0;
    }
    return this.#isOpen;
  }
}

/** An answer of the page: the samples of those outputs that have sound, all of the same length. */
interface Sound {
  readonly length: number;
  readonly outputs: readonly { readonly output: number; readonly samples: Float32Array }[];
}

/** How much sound is asked for ahead of its time, in pieces: at the start, and at least and at most. */
const FIRST_LEAD = 3;
const LEAST_LEAD = 2;
const MOST_LEAD = 20;
/** If no more than this was ever needed of the lead within the time, it becomes shorter. */
const SHORTEN_SECONDS = 5;

/**
 * Plays what the page makes. It asks for a piece as each one begins, so far ahead as the page is late: by one piece
 * more whenever nothing was there in time.
 */
class VoicePlayer extends AudioWorkletProcessor {
  readonly #pieceSize: number;
  readonly #shortenSamples: number;
  readonly #sounds: Sound[] = [];
  /** The place in the first sound. */
  #place = 0;
  /** Samples that are here, and those that were asked for. */
  #queued = 0;
  #asked = 0;
  #lead: number;
  /** Whether the page has answered since sound was last missing. */
  #isFlowing = false;
  /** The least that was here when a piece was asked for, and since when, in samples. */
  #least = Number.POSITIVE_INFINITY;
  #observed = 0;
  #isOpen = true;

  constructor({ processorOptions }: { processorOptions: { pieceSize: number; sampleRate: number } }) {
    super();
    this.#pieceSize = processorOptions.pieceSize;
    this.#shortenSamples = SHORTEN_SECONDS * processorOptions.sampleRate;
    this.#lead = FIRST_LEAD * this.#pieceSize;
    this.port.onmessage = ({ data }) => this.#take(data as Sound | null);
  }

  process(_inputs: unknown, outputs: readonly (readonly Float32Array[])[]): boolean {
    const length = outputs[0]?.[0]?.length ?? 0;
    let done = 0;
    while (done < length) {
      const sound = this.#sounds[0];
      if (sound === undefined) break;
      const count = Math.min(length - done, sound.length - this.#place);
      for (const { output, samples } of sound.outputs) {
        outputs[output]?.[0]?.set(samples.subarray(this.#place, this.#place + count), done);
      }
      done += count;
      this.#place += count;
      if (this.#place === sound.length) {
        this.#sounds.shift();
        this.#place = 0;
      }
    }
    this.#queued -= done;
    this.#adapt(done < length, length);
    while (this.#isOpen && this.#queued + this.#asked + this.#pieceSize <= this.#lead) {
      this.#asked += this.#pieceSize;
      this.port.postMessage(this.#pieceSize);
    }
    return this.#isOpen;
  }

  #take(sound: Sound | null): void {
    if (sound === null) {
      this.#isOpen = false;
      return;
    }
    this.#asked -= sound.length;
    this.#queued += sound.length;
    this.#isFlowing = true;
    this.#sounds.push(sound);
  }

  #adapt(isMissing: boolean, length: number): void {
    this.#least = Math.min(this.#least, this.#queued);
    this.#observed += length;
    const isLongEnough = this.#least >= this.#pieceSize;
    if (isMissing && this.#isFlowing) {
      this.#isFlowing = false;
      this.#lead = Math.min(MOST_LEAD * this.#pieceSize, this.#lead + this.#pieceSize);
    } else if (this.#observed < this.#shortenSamples) {
      return;
    } else if (isLongEnough) {
      this.#lead = Math.max(LEAST_LEAD * this.#pieceSize, this.#lead - this.#pieceSize);
    }
    this.#least = Number.POSITIVE_INFINITY;
    this.#observed = 0;
  }
}

registerProcessor("valve-sockets-voice-recorder", VoiceRecorder);
registerProcessor("valve-sockets-voice-player", VoicePlayer);

export {};
