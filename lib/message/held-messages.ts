import { ByteSegment, Channel } from "../peer/index.js";

/** More is no server of ours, and ends the connection. */
const MAX_BYTES = 256 * 1024;

/**
 * The reliable messages that have overtaken the welcome on other lanes: a client holds them until the welcome has come.
 */
export class HeldMessages {
  #messages: { bytes: Uint8Array; channel: Channel }[] = [];
  #bytes = 0;

  /** Holds a reliable message; any other may be lost, and is. @returns false: too many bytes */
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
