import { NetworkWriter } from "../../serialization/index.js";

/** Views that are longer are garbage. */
const MAX_KEPT_BYTES = 4096;

/** What a writer has written, without garbage: the views of each length stay. */
export class WrittenBytes {
  readonly writer: NetworkWriter = new NetworkWriter({ sizeBytes: 2048 });
  readonly #views: (Uint8Array | undefined)[] = [];
  #buffer: Uint8Array | null = null;

  view(): Uint8Array {
    const { buffer, byteLength } = this.writer;
    if (byteLength > MAX_KEPT_BYTES) return buffer.subarray(0, byteLength);
    if (this.#buffer !== buffer) {
      this.#buffer = buffer;
      this.#views.length = 0;
    }
    let view = this.#views[byteLength];
    if (view === undefined) {
      while (this.#views.length < byteLength) this.#views.push(undefined);
      view = this.#views[byteLength] = buffer.subarray(0, byteLength);
    }
    return view;
  }
}

const copied = new WrittenBytes();

/** What `writer` has written, until the next call, without garbage: for what is sent at once. */
export function bytesToSend(writer: NetworkWriter): Uint8Array {
  if (writer.byteLength > MAX_KEPT_BYTES) return writer.view();
  copied.writer.reset();
  copied.writer.copyFrom(writer, 0, writer.bitLength);
  return copied.view();
}
