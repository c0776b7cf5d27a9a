import { ByteSegment, Channel } from "../peer/index.js";

const MAX_BYTES = 256 * 1024;

/** A client's reliable messages that have overtaken the welcome, on other lanes: they wait for it. */
export class HeldMessages {
  #messages: { bytes: Uint8Array; channel: Channel }[] = [];
  #bytes = 0;

  /** @returns false: too many. Others than reliable ones may be lost, and are. */
  add(bytes: ByteSegment, channel: Channel): boolean {
    if (channel !== Channel.Reliable) return true;
    this.#bytes += bytes.length;
    if (this.#bytes > MAX_BYTES) return false;
    this.#messages.push({ bytes: bytes.copy(), channel });
    return true;
  }

  release(receive: (bytes: ByteSegment, channel: Channel) => void): void {
    const messages = this.#messages;
    this.clear();
    for (const { bytes, channel } of messages) receive(new ByteSegment().set(bytes, 0, bytes.length), channel);
  }

  clear(): void {
    this.#messages = [];
    this.#bytes = 0;
  }
}
