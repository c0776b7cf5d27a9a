import { Channel } from "../channel.js";
import { MessageBuffer } from "../collections/message-buffer.js";
import { readVarint } from "../integers.js";
import type { ProfileHost } from "../profile.js";
import { takeForMessage } from "../reassembly.js";

/** What happened to bytes of a lane. */
export enum LaneResult {
  /** They were read, or kept for later. */
  Taken = 0,
  /** There was no room for them: the packet must not be acknowledged. */
  Refused = 1,
  /** The connection has ended meanwhile. */
  Stopped = 2,
  /** A sender that keeps to the format does not send them. */
  Malformed = 3,
}

/** Cuts the bytes of a lane into messages. A message that has come in one piece is handed on from where it lies. */
export class MessageAssembler {
  /** What has come of the present message: first of its length, then of its bytes. */
  readonly #parts = new MessageBuffer();
  /** The length of the present message, -1 when it has not come. */
  #length = -1;
  readonly #lane: number;
  readonly #maxMessageSize: number;
  readonly #host: ProfileHost;

  constructor(lane: number, maxMessageSize: number, host: ProfileHost) {
    this.#lane = lane;
    this.#maxMessageSize = maxMessageSize;
    this.#host = host;
  }

  /** Reads the next bytes of the lane, from `start` to before `end`. */
  feed(buffer: Uint8Array, start: number, end: number): LaneResult {
    const parts = this.#parts;
    let at = start;
    while (at < end) {
      if (this.#length < 0) {
        const kind = (parts.size > 0 ? (parts.bytes[0] as number) : (buffer[at] as number)) & 3;
        if (kind === 3) return LaneResult.Malformed;
        const size = 1 << kind;
        if (parts.size === 0 && at + size <= end) {
          this.#length = readVarint(buffer, at);
          at += size;
        } else {
          parts.bytes[parts.size++] = buffer[at++] as number;
          if (parts.size < size) continue;
          this.#length = readVarint(parts.bytes, 0);
          parts.size = 0;
        }
        if (this.#length > this.#maxMessageSize || this.#length > this.#host.reassembly.maxBytes)
          return LaneResult.Malformed;
      }
      const length = this.#length;
      if (parts.size === 0 && end - at >= length) {
        this.#length = -1;
        at += length;
        if (!this.#host.deliver(Channel.Reliable, this.#lane, buffer, at - length, length)) return LaneResult.Stopped;
        continue;
      }
      if (at === end) break;
      const taken = Math.min(length - parts.size, end - at);
      if (!takeForMessage(this.#host, parts.append(buffer, at, taken, length))) return LaneResult.Stopped;
      at += taken;
      if (parts.size < length) continue;
      this.#length = -1;
      const { bytes } = parts;
      const { reassembly } = this.#host;
      reassembly.giveBack(parts.clear(reassembly.isTrusted));
      if (!this.#host.deliver(Channel.Reliable, this.#lane, bytes, 0, length)) return LaneResult.Stopped;
    }
    return LaneResult.Taken;
  }
}
