import { cloneBytes } from "../bytes.js";
import { NetworkError } from "../network-error.js";

/** A part of a buffer that is reused: valid during the call that hands it out. */
export class ByteSegment {
  /** What the bytes lie in. Other bytes follow there after the call: read them by `view` or `copy`. */
  buffer: Uint8Array = new Uint8Array(0);
  /** Where the bytes begin in `buffer`. */
  offset = 0;
  /** How many bytes they are. */
  length = 0;

  /** Points at `length` bytes of `buffer` from `offset` on, which are not checked. @returns this segment */
  set(buffer: Uint8Array, offset: number, length: number): this {
    this.buffer = buffer;
    this.offset = offset;
    this.length = length;
    return this;
  }

  /**
   * The bytes where they lie, valid as long as the segment.
   * @throws NetworkError `ERR_STATE` after that, with `PeerConfig.debug`
   */
  view(): Uint8Array {
    return this.buffer.subarray(this.offset, this.offset + this.length);
  }

  /** A copy of the bytes. @throws as `view` */
  copy(): Uint8Array {
    return cloneBytes(this.buffer, this.offset, this.offset + this.length);
  }
}

/** A segment for one message, which notices when it is read too late. */
export class CheckedByteSegment extends ByteSegment {
  #hasEnded = false;

  /** The call that it was handed out in is over. */
  end(): void {
    this.#hasEnded = true;
  }

  override view(): Uint8Array {
    this.#check();
    return super.view();
  }

  override copy(): Uint8Array {
    this.#check();
    return super.copy();
  }

  #check(): void {
    if (!this.#hasEnded) return;
    throw new NetworkError(
      "ERR_STATE",
      "These bytes belong to another message by now: copy() them in onMessage, before any await",
    );
  }
}
