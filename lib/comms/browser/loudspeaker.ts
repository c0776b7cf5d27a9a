import { NetworkError } from "../../network-error.js";
import type { AudioGraph, AudioNode, WorkletNode } from "./platform.js";
import { createWorkletNode, PIECES_PER_SECOND } from "./worklet.js";

/** Sounds that are in a place of their own at a time, as many as there are decoders. */
const MAX_PLACES = 32;

/** What fills `mix`, and the array that `apart` gives for a source instead. Returns false if all is silent. */
export type SoundReader<Source> = (mix: Float32Array, apart: (source: Source) => Float32Array | undefined) => boolean;

interface Piece {
  readonly output: number;
  readonly samples: Float32Array;
}

/** The loudspeaker of a page: what is read for it goes to the mix, or through the panner of its source. */
export class Loudspeaker<Source> {
  readonly #context: AudioGraph;
  readonly #player: WorkletNode;
  readonly #read: SoundReader<Source>;
  readonly #mix: Float32Array;
  readonly #panners = new Map<Source, AudioNode>();
  /** The outputs of the worklet that panners have, those used longest ago first. */
  readonly #outputs = new Map<Source, number>();
  /** The outputs that no panner has. The mix has output 0. */
  readonly #free = Array.from({ length: MAX_PLACES }, (_, index) => 1 + index);

  /** @param failed told when the worklet has failed */
  constructor(context: AudioGraph, read: SoundReader<Source>, failed: (error: NetworkError) => void) {
    this.#context = context;
    this.#read = read;
    this.#mix = new Float32Array(Math.round(context.sampleRate / PIECES_PER_SECOND));
    const numberOfOutputs = 1 + MAX_PLACES;
    const outputChannelCount = Array<number>(numberOfOutputs).fill(1);
    this.#player = createWorkletNode(context, "player", { numberOfInputs: 0, numberOfOutputs, outputChannelCount });
    this.#player.port.onmessage = () => this.#answer();
    this.#player.onprocessorerror = () => failed(new NetworkError("ERR_FAILED", "The audio worklet has failed"));
    this.#player.connect(context.destination, 0);
  }

  /** The node that says from where a source is heard. */
  pannerOf(source: Source): AudioNode {
    const panner = this.#panners.get(source) ?? this.#context.createPanner();
    if (!this.#panners.has(source)) {
      this.#panners.set(source, panner);
      panner.connect(this.#context.destination);
    }
    return panner;
  }

  /** Forgets a source. */
  remove(source: Source): void {
    this.#takeOutput(source);
    this.#panners.get(source)?.disconnect();
    this.#panners.delete(source);
  }

  close(): void {
    this.#player.port.onmessage = null;
    this.#player.port.postMessage(null);
    this.#player.disconnect();
    for (const source of [...this.#panners.keys()]) this.remove(source);
  }

  /** The worklet asks for a piece. */
  #answer(): void {
    const { length } = this.#mix;
    const pieces: Piece[] = [];
    const isHeard = this.#read(this.#mix, (source) => {
      if (!this.#panners.has(source)) return undefined;
      const piece = { output: this.#outputOf(source), samples: new Float32Array(length) };
      pieces.push(piece);
      return piece.samples;
    });
    if (isHeard) pieces.push({ output: 0, samples: this.#mix });
    this.#player.port.postMessage({ length, outputs: isHeard ? pieces : [] });
  }

  #outputOf(source: Source): number {
    const output = this.#outputs.get(source) ?? this.#giveOutput(source);
    this.#outputs.delete(source);
    this.#outputs.set(source, output);
    return output;
  }

  #giveOutput(source: Source): number {
    const [oldest] = this.#outputs.keys();
    if (this.#free.length === 0) this.#takeOutput(oldest as Source);
    const output = this.#free.pop() as number;
    this.#player.connect(this.#panners.get(source) as AudioNode, output);
    return output;
  }

  #takeOutput(source: Source): void {
    const output = this.#outputs.get(source);
    if (output === undefined) return;
    this.#outputs.delete(source);
    this.#player.disconnect(output);
    this.#free.push(output);
  }
}
