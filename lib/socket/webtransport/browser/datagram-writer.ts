import { cloneBytes } from "../../../bytes.js";

/** With so much that waits for the network, datagrams are dropped. */
const MAX_WAITING_BYTES = 65_536;
/** And with so many, each of which is an object. */
const MAX_WAITING = 1024;

const ignore = () => {};

/**
 * Writes datagrams, and knows how much of it waits: the stream counts its chunks, so that no promise of theirs has to
 * be awaited.
 */
export class DatagramWriter {
  /** How many found too much before them. */
  dropped = 0;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  /** What the stream asks for when it is empty. */
  readonly #emptyDesire: number;
  /** The sizes of those that wait, from `#first` on. */
  #sizes: number[] = [];
  #first = 0;
  #waitingBytes = 0;

  constructor(writable: WritableStream<Uint8Array>) {
    this.#writer = writable.getWriter();
    this.#emptyDesire = this.#writer.desiredSize ?? 0;
    this.#writer.closed.catch(ignore);
  }

  get waitingBytes(): number {
    if (this.#waitingBytes === 0) return 0;
    const waiting = this.#emptyDesire - (this.#writer.desiredSize ?? this.#emptyDesire);
    while (this.#sizes.length - this.#first > waiting) this.#waitingBytes -= this.#sizes[this.#first++] as number;
    if (this.#first === this.#sizes.length) {
      this.#sizes.length = 0;
      this.#first = 0;
    } else if (this.#first > MAX_WAITING) {
      this.#sizes = this.#sizes.slice(this.#first);
      this.#first = 0;
    }
    return this.#waitingBytes;
  }

  get isCongested(): boolean {
    return this.waitingBytes > MAX_WAITING_BYTES / 2;
  }

  send(packet: Uint8Array, length: number): void {
    if (this.waitingBytes + length > MAX_WAITING_BYTES || this.#sizes.length - this.#first >= MAX_WAITING) {
      this.dropped++;
      return;
    }
    this.#sizes.push(length);
    this.#waitingBytes += length;
    this.#writer.write(cloneBytes(packet, 0, length)).catch(ignore);
  }
}
