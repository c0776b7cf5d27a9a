import { ByteSegment, Channel } from "../peer/index.js";

/** More is no server of ours, and ends the connection. */
const MAX_BYTES = 256 * 1024;
/** What is kept of a message besides its bytes. */
const ENTRY_BYTES = 8;

/**
 * The reliable messages that have overtaken the welcome on other lanes: a client holds them until the welcome has come.
 * They share an array: an object for each would cost 100 times what it takes to send an empty one.
 */
export class HeldMessages {
  #bytes = new Uint8Array(0);
  /** Where each message ends in `#bytes`. */
  #ends: number[] = [];

  /** Holds a reliable message; any other may be lost, and is. @returns false: too many bytes */
  add(bytes: ByteSegment, channel: Channel): boolean {
    if (channel !== Channel.Reliable) return true;
    const start = this.#ends.at(-1) ?? 0;
    const end = start + bytes.length;
    if (end + ENTRY_BYTES * (this.#ends.length + 1) > MAX_BYTES) return false;
    if (end > this.#bytes.length) {
      const old = this.#bytes;
      this.#bytes = new Uint8Array(2 * end);
      this.#bytes.set(old);
    }
    this.#bytes.set(bytes.view(), start);
    this.#ends.push(end);
    return true;
  }

  release(receive: (bytes: ByteSegment, channel: Channel) => void): void {
    const bytes = this.#bytes;
    const ends = this.#ends;
    this.clear();
    let start = 0;
    for (const end of ends) {
      receive(new ByteSegment().set(bytes, start, end - start), Channel.Reliable);
      start = end;
    }
  }

  clear(): void {
    this.#bytes = new Uint8Array(0);
    this.#ends = [];
  }
}
