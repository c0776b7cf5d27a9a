import { putBytes } from "../../../bytes.js";

/** What a chunk of the stream has at most, so that `bufferedBytes` goes down in steps. */
const MAX_CHUNK_BYTES = 65_536;
/** The least that a buffer has. */
const MIN_BUFFER_BYTES = 2048;
/** Of the lane and the longest length. */
const MAX_HEAD_BYTES = 5;
/** Lengths below have one byte, below the square of it two. */
const [ONE_BYTE, TWO_BYTES] = [0x40, 0x4000];

/** Writes the stream of a lane, which it opens with the first packet (docs/wire-format.md, WebTransport). */
export class LaneWriter {
  /** Bytes that the network has not taken yet. */
  bufferedBytes = 0;
  readonly #open: () => Promise<WritableStream<Uint8Array>>;
  readonly #onTaken: () => void;
  /** Whether a packet has been pushed. */
  isUsed = false;
  #isEnding = false;
  #writer: WritableStreamDefaultWriter<Uint8Array> | null = null;
  /** The network reads from one while packets come into the other. */
  #filling = new Uint8Array(0);
  #filled = 0;
  #spare = new Uint8Array(0);
  /** Null: nothing is being written. */
  #writing: Promise<void> | null = null;

  /** @param onTaken `bufferedBytes` has gone down */
  constructor(
    readonly lane: number,
    open: () => Promise<WritableStream<Uint8Array>>,
    onTaken: () => void,
  ) {
    this.#open = open;
    this.#onTaken = onTaken;
  }

  push(packet: Uint8Array, length: number): void {
    if (this.#isEnding) return;
    this.#reserve(length + MAX_HEAD_BYTES);
    const before = this.#filled;
    if (!this.isUsed) this.#filling[this.#filled++] = this.lane;
    this.isUsed = true;
    this.#pushLength(length);
    putBytes(packet, length, this.#filling, this.#filled);
    this.#filled += length;
    this.bufferedBytes += this.#filled - before;
  }

  /** Lets everything leave that was pushed. */
  flush(): void {
    if (this.#writing || this.bufferedBytes === 0) return;
    this.#writing = this.#write();
  }

  /** Ends the stream behind all that was pushed, and opens it for that if nothing was. Later packets are dropped. */
  async end(): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (!this.isUsed) {
      this.#filling = Uint8Array.of(this.lane);
      this.bufferedBytes = this.#filled = 1;
    }
    this.flush();
    await this.#writing;
    await this.#writer?.close().catch(() => {});
  }

  /** If the stream fails, the session says why it has ended. */
  async #write(): Promise<void> {
    try {
      this.#writer ??= (await this.#open()).getWriter();
      while (this.#filled > 0) {
        const [full, length] = [this.#filling, this.#filled];
        this.#filling = this.#spare;
        this.#spare = new Uint8Array(0);
        this.#filled = 0;
        for (let at = 0; at < length; at += MAX_CHUNK_BYTES) {
          const end = Math.min(at + MAX_CHUNK_BYTES, length);
          await this.#writer.write(full.subarray(at, end));
          this.bufferedBytes -= end - at;
          this.#onTaken();
        }
        if (full.length <= MAX_CHUNK_BYTES) this.#spare = full;
      }
    } catch {
    } finally {
      this.#writing = null;
    }
  }

  #pushLength(length: number): void {
    const bytes = this.#filling;
    if (length >= TWO_BYTES) {
      bytes[this.#filled++] = 0x80;
      bytes[this.#filled++] = 0;
    }
    if (length >= ONE_BYTE) bytes[this.#filled++] = (length >> 8) | (length < TWO_BYTES ? 0x40 : 0);
    bytes[this.#filled++] = length & 0xff;
  }

  #reserve(more: number): void {
    const needed = this.#filled + more;
    if (needed <= this.#filling.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#filling.length * 2, MIN_BUFFER_BYTES));
    larger.set(this.#filling.subarray(0, this.#filled));
    this.#filling = larger;
  }
}
