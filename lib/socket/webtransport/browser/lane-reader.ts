import { LANE_COUNT } from "../../socket.js";

/** Largest reliable packet. */
const MAX_PACKET_BYTES = 16_384;

/** Reads the stream of a lane: the lane, then packets behind their lengths (docs/wire-format.md, WebTransport). */
export class LaneReader {
  /** Null until the first byte has come. */
  lane: number | null = null;
  #packet: Uint8Array<ArrayBuffer> | null = null;
  /** How much of the packet has come. */
  #filled = 0;
  /** Of a length that came in two parts. */
  #length = 0;
  #lengthBytesLeft = 0;
  readonly #onPacket: (packet: Uint8Array) => void;

  /** @param onPacket is lent the packet until the stream is read on */
  constructor(onPacket: (packet: Uint8Array) => void) {
    this.#onPacket = onPacket;
  }

  /** The stream may end here: what has come are whole packets. */
  get isAtEnd(): boolean {
    return this.#packet === null && this.#lengthBytesLeft === 0;
  }

  /** @returns false: the bytes are malformed */
  read(chunk: Uint8Array): boolean {
    let at = 0;
    if (this.lane === null && chunk.length > 0) {
      this.lane = chunk[at++] as number;
      if (this.lane >= LANE_COUNT) return false;
    }
    while (at < chunk.length) {
      if (this.#packet) {
        at = this.#fill(this.#packet, chunk, at);
        continue;
      }
      const byte = chunk[at++] as number;
      if (this.#lengthBytesLeft === 0) {
        this.#lengthBytesLeft = 2 ** (byte >> 6);
        this.#length = byte & 0x3f;
      } else {
        this.#length = this.#length * 256 + byte;
      }
      if (--this.#lengthBytesLeft > 0) continue;
      const length = this.#length;
      if (length === 0 || length > MAX_PACKET_BYTES) return false;
      if (at + length > chunk.length) {
        this.#packet = new Uint8Array(length);
        this.#filled = 0;
      } else {
        this.#onPacket(chunk.subarray(at, at + length));
        at += length;
      }
    }
    return true;
  }

  #fill(packet: Uint8Array, chunk: Uint8Array, at: number): number {
    const end = Math.min(at + packet.length - this.#filled, chunk.length);
    packet.set(chunk.subarray(at, end), this.#filled);
    this.#filled += end - at;
    if (this.#filled === packet.length) {
      this.#packet = null;
      this.#onPacket(packet);
    }
    return end;
  }
}
