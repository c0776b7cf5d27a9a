// The processors of the audio worklets, driven as the thread of the sound would: 128 samples at a time.
import { beforeAll, expect, test } from "vitest";

const QUANTUM = 128;
const PIECE = 480;

/** The page's half and the worklet's half of a node. */
class FakeProcessor {
  readonly sent: unknown[] = [];
  readonly port = {
    postMessage: (message: unknown) => this.sent.push(structuredClone(message)),
    onmessage: null as ((event: { data: unknown }) => void) | null,
  };
}

interface Processor extends FakeProcessor {
  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}

const processors = new Map<string, new (options: object) => Processor>();

beforeAll(async () => {
  Object.assign(globalThis, {
    AudioWorkletProcessor: FakeProcessor,
    registerProcessor: (name: string, processor: new (options: object) => Processor) => processors.set(name, processor),
  });
  await import("../../../lib/comms/browser/voice-worklet.js");
});

function create(name: string): Processor {
  const Type = processors.get(`valve-sockets-voice-${name}`) as new (options: object) => Processor;
  return new Type({ processorOptions: { pieceSize: PIECE, sampleRate: 48_000 } });
}

/** A player whose page answers after a while. */
class Playing {
  readonly processor = create("player");
  /** What was played. */
  readonly heard: number[] = [];
  #answers: { due: number }[] = [];
  #asked = 0;
  #made = 0;
  #now = 0;

  /** Plays `count` quanta; the page needs `lateness` quanta for each answer. Its samples count up from 1. */
  run(count: number, lateness: number): void {
    for (let quantum = 0; quantum < count; quantum++, this.#now++) {
      const [mix, apart] = [new Float32Array(QUANTUM), new Float32Array(QUANTUM)];
      expect(this.processor.process([], [[mix], [apart]])).toBe(true);
      this.heard.push(...mix);
      expect(apart.every((sample) => sample === 0)).toBe(true);
      for (; this.#asked < this.processor.sent.length; this.#asked++) this.#answers.push({ due: this.#now + lateness });
      while (this.#answers[0] && this.#answers[0].due <= this.#now) {
        this.#answers.shift();
        const samples = Float32Array.from({ length: PIECE }, () => ++this.#made);
        this.processor.port.onmessage?.({ data: { length: PIECE, outputs: [{ output: 0, samples }] } });
      }
    }
  }

  /** How far what is made is ahead of what is heard, in samples. */
  get lead(): number {
    return this.#made - Math.max(...this.heard.slice(-QUANTUM));
  }

  /** How many samples were missing, from `start` on. */
  missing(start: number): number {
    return this.heard.slice(start).filter((sample) => sample === 0).length;
  }
}

const SECOND = 375; // quanta

test("plays what the page makes, each sample once and in order, from 20 ms ahead", () => {
  const playing = new Playing();
  playing.run(12 * SECOND, 0);
  expect(playing.missing(QUANTUM)).toBe(0);
  expect(playing.heard.slice(QUANTUM)).toEqual(playing.heard.slice(QUANTUM).map((_, index) => index + 1));
  expect(playing.lead).toBeLessThanOrEqual(2 * PIECE);
});

test("a page that is late is asked so much earlier, and later again when it is quick", () => {
  const playing = new Playing();
  playing.run(SECOND, 0);
  const lateness = Math.round((50 * 48) / QUANTUM); // 50 ms
  playing.run(2 * SECOND, lateness);
  const settled = playing.heard.length;
  playing.run(4 * SECOND, lateness);
  expect(playing.missing(settled)).toBe(0);
  playing.run(40 * SECOND, 0);
  expect(playing.lead).toBeLessThanOrEqual(2 * PIECE);
});

test("a page that does not answer is asked for 200 ms at most, and is silent", () => {
  const playing = new Playing();
  playing.run(SECOND, 0);
  const asked = playing.processor.sent.length;
  playing.run(10 * SECOND, 100 * SECOND);
  expect(playing.processor.sent.length - asked).toBeLessThanOrEqual(20);
  expect(playing.missing(playing.heard.length - SECOND * QUANTUM)).toBe(SECOND * QUANTUM);
});

test("sound of other outputs goes there", () => {
  const processor = create("player");
  const outputs = () => [[new Float32Array(QUANTUM)], [new Float32Array(QUANTUM)]];
  processor.process([], outputs());
  const samples = new Float32Array(PIECE).fill(0.5);
  processor.port.onmessage?.({ data: { length: PIECE, outputs: [{ output: 1, samples }] } });
  const [mix, apart] = outputs() as [Float32Array[], Float32Array[]];
  processor.process([], [mix, apart]);
  expect(mix[0]).toEqual(new Float32Array(QUANTUM));
  expect(apart[0]).toEqual(new Float32Array(QUANTUM).fill(0.5));
});

test("records in pieces of 10 ms, whatever comes at a time", () => {
  const processor = create("recorder");
  let next = 0;
  for (let quantum = 0; quantum < 30; quantum++) {
    processor.process([[Float32Array.from({ length: QUANTUM }, () => next++)]], []);
  }
  processor.process([[]], []); // no source
  const pieces = processor.sent as Float32Array[];
  expect(pieces.length).toBe((30 * QUANTUM) / PIECE);
  expect(pieces.flatMap((piece) => [...piece])).toEqual(Array.from({ length: 30 * QUANTUM }, (_, index) => index));
});

test("both end when the page says so", () => {
  for (const name of ["recorder", "player"]) {
    const processor = create(name);
    expect(processor.process([], [])).toBe(true);
    processor.port.onmessage?.({ data: null });
    expect(processor.process([], [])).toBe(false);
  }
});
