/** What a packet costs besides its bytes. */
const PACKET_COST_BYTES = 256;

/** What waits for `receive`. Whoever reads from the network waits while that is too much. */
export class Backlog {
  readonly #maxBytes: number;
  #bytes = 0;
  #room: Promise<void> | null = null;
  #resume: () => void = () => {};

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(length: number): void {
    this.#bytes += length + PACKET_COST_BYTES;
    if (this.#bytes <= this.#maxBytes || this.#room) return;
    this.#room = new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  remove(length: number): void {
    this.#bytes -= length + PACKET_COST_BYTES;
    if (this.#bytes <= this.#maxBytes / 2) this.release();
  }

  /** Nobody waits any more. */
  release(): void {
    this.#room = null;
    this.#resume();
  }

  /** Settles when half of it is free; null if there is room. */
  get room(): Promise<void> | null {
    return this.#room;
  }
}
