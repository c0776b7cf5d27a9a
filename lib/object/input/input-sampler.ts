import { type Codec, NetworkReader, NetworkWriter } from "../../serialization/index.js";

/** Takes the inputs of what is controlled, rounded as they travel. */
export class InputSampler {
  readonly #codec: Codec<unknown>;
  readonly #sample: () => unknown;
  readonly #report: (error: unknown) => void;
  readonly #writer = new NetworkWriter({ sizeBytes: 256 });
  readonly #reader = new NetworkReader();

  constructor(codec: Codec<unknown>, sample: () => unknown, report: (error: unknown) => void) {
    this.#codec = codec;
    this.#sample = sample;
    this.#report = report;
  }

  /** @param into an input that is not needed any more. @returns the next one; the default where `sample` throws */
  take(into: unknown): unknown {
    const codec = this.#codec;
    const writer = this.#writer;
    writer.reset();
    try {
      codec.write(writer, this.#sample());
    } catch (error) {
      this.#report(error);
      writer.reset();
      codec.write(writer, codec.default());
    }
    const reader = this.#reader;
    reader.reset(writer.buffer, 0, writer.byteLength);
    return codec.readInto ? codec.readInto(reader, into) : codec.read(reader);
  }
}
