import { copyBytes } from "../../bytes.js";
import { writeVarint } from "../integers.js";

const FIRST_BYTES = 1024;

/** Part of a stream of bytes, addressed by offsets in the stream. Grows by doubling, and never shrinks. */
export class ByteRing {
  bytes = new Uint8Array(0);
  readonly #varint = new Uint8Array(4);
  /** Views of `bytes`, and of the array that was last read into. */
  #view = new DataView(this.bytes.buffer);
  #target: Uint8Array = this.bytes;
  #targetView: DataView = this.#view;

  /** Where the byte at `offset` lies in `bytes`. */
  index(offset: number): number {
    return (offset | 0) & (this.bytes.length - 1);
  }

  /** How many bytes from `offset` on lie behind each other in `bytes`: `length` at most. */
  contiguous(offset: number, length: number): number {
    return Math.min(length, this.bytes.length - this.index(offset));
  }

  at(offset: number): number {
    return this.bytes[this.index(offset)] as number;
  }

  writeVarint(offset: number, value: number): number {
    const end = writeVarint(this.#varint, 0, value);
    this.write(offset, this.#varint, 0, end);
    return offset + end;
  }

  readVarint(offset: number): number {
    const first = this.at(offset);
    const size = 1 << (first & 3);
    let value = first >> 2;
    for (let index = 1; index < size; index++) value |= this.at(offset + index) << (8 * index - 2);
    return value;
  }

  /** Makes room for the part from `start` to before `end`. What the ring holds of it stays. */
  reserve(start: number, end: number): void {
    const old = this.bytes;
    if (end - start <= old.length) return;
    let size = Math.max(old.length, FIRST_BYTES);
    while (size < end - start) size *= 2;
    const larger = new Uint8Array(size);
    for (let offset = start; offset < start + old.length; ) {
      const from = (offset | 0) & (old.length - 1);
      const at = (offset | 0) & (size - 1);
      const length = Math.min(start + old.length - offset, old.length - from, size - at);
      larger.set(old.subarray(from, from + length), at);
      offset += length;
    }
    this.bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  write(offset: number, source: Uint8Array, from: number, length: number): void {
    const first = this.contiguous(offset, length);
    copyBytes(source, from, this.bytes, this.index(offset), first);
    if (first < length) copyBytes(source, from + first, this.bytes, 0, length - first);
  }

  /** Copies to `target`, fastest when that is the same array each time: by words, and without an object on the heap. */
  read(offset: number, target: Uint8Array, at: number, length: number): void {
    if (target !== this.#target) {
      this.#target = target;
      this.#targetView = new DataView(target.buffer, target.byteOffset);
    }
    const first = this.contiguous(offset, length);
    this.#copyWords(this.index(offset), at, first);
    if (first < length) this.#copyWords(0, at + first, length - first);
  }

  #copyWords(from: number, at: number, length: number): void {
    const source = this.#view;
    const target = this.#targetView;
    let done = 0;
    for (; done + 8 <= length; done += 8) {
      target.setInt32(at + done, source.getInt32(from + done));
      target.setInt32(at + done + 4, source.getInt32(from + done + 4));
    }
    for (; done < length; done++) target.setUint8(at + done, source.getUint8(from + done));
  }
}
