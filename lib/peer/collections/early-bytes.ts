import { copyBytes } from "../../bytes.js";
import type { ReassemblyBudget } from "../reassembly.js";

/** How many pieces with holes between them are kept. A window of full packets has fewer. */
export const MAX_PIECES = 512;

/** A piece: the low bits of its offset in the lane, its length, and where it lies in `bytes`. */
const PIECE_FIELDS = 3;
const LENGTH = 1;
const PLACE = 2;

/**
 * Bytes of a lane that came before the bytes in front of them, in the order of their arrival. Their memory grows with
 * what has come, never with where it belongs, and is paid for as a whole: an object for each piece would cost 40 times
 * what it takes to send one. Offsets are given as distances from `next`, the byte that the lane waits for.
 */
export class EarlyBytes {
  bytes = new Uint8Array(0);
  /** Pieces that are kept. */
  count = 0;
  /** Where the bytes lie that `takeFirst` took, and how many they are. */
  takenAt = 0;
  takenLength = 0;
  /** In ascending order; no two of them overlap. */
  #pieces = new Int32Array(0);
  /** Where the next bytes go, and how many are kept. */
  #end = 0;
  #keptBytes = 0;
  readonly #budget: ReassemblyBudget;

  constructor(budget: ReassemblyBudget) {
    this.#budget = budget;
  }

  /**
   * Keeps what is new of `length` bytes that lie `distance` behind `next`.
   *
   * @returns false: there is no room, and what was not kept has to come again
   */
  keep(next: number, distance: number, source: Uint8Array, from: number, length: number): boolean {
    const end = distance + length;
    let at = distance;
    let index = this.#firstThatEndsBehind(next, distance);
    while (at < end) {
      const known = index < this.count ? this.#distance(next, index) : end;
      const size = Math.min(known, end) - at;
      if (size > 0) {
        // First what costs least to refuse. Moving bytes together can begin a continuation, and end one.
        if (!this.#isContinuation(next, index, at) && !this.#reservePiece()) return false;
        if (!this.#reserve(size)) return false;
        if (!this.#isContinuation(next, index, at)) {
          if (!this.#reservePiece()) return false;
          this.#insert(index++, next + at);
        }
        copyBytes(source, from + at - distance, this.bytes, this.#end, size);
        this.#pieces[PIECE_FIELDS * (index - 1) + LENGTH] = this.#length(index - 1) + size;
        this.#end += size;
        this.#keptBytes += size;
      }
      if (index < this.count) at = known + this.#length(index++);
      else return true;
    }
    return true;
  }

  /** Takes the first piece out if the byte at `next` is in it, or behind it. */
  takeFirst(next: number): boolean {
    if (this.count === 0) return false;
    const known = -this.#distance(next, 0);
    if (known < 0) return false;
    const length = this.#length(0);
    this.takenAt = (this.#pieces[PLACE] as number) + known;
    this.takenLength = Math.max(length - known, 0);
    this.#keptBytes -= length;
    this.#pieces.copyWithin(0, PIECE_FIELDS, PIECE_FIELDS * this.count--);
    return true;
  }

  /** What was taken has been read: where nothing is left, the memory is given back. */
  trim(): void {
    if (this.count > 0) return;
    this.#budget.giveBack(this.bytes.length + this.#pieces.byteLength);
    this.bytes = new Uint8Array(0);
    this.#pieces = new Int32Array(0);
    this.#end = 0;
  }

  #distance(next: number, index: number): number {
    return ((this.#pieces[PIECE_FIELDS * index] as number) - (next | 0)) | 0;
  }

  #length(index: number): number {
    return this.#pieces[PIECE_FIELDS * index + LENGTH] as number;
  }

  /** The index of the first piece with bytes behind `distance`. */
  #firstThatEndsBehind(next: number, distance: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#distance(next, middle) + this.#length(middle) <= distance) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether the piece before `index` goes on at this distance, and its bytes at the end of `bytes`. */
  #isContinuation(next: number, index: number, distance: number): boolean {
    if (index === 0) return false;
    const before = index - 1;
    const end = (this.#pieces[PIECE_FIELDS * before + PLACE] as number) + this.#length(before);
    return end === this.#end && this.#distance(next, before) + this.#length(before) === distance;
  }

  /** Makes room for one more piece. */
  #reservePiece(): boolean {
    if (this.count === MAX_PIECES) return false;
    const old = this.#pieces;
    if (PIECE_FIELDS * this.count < old.length) return true;
    const size = PIECE_FIELDS * Math.max(Math.ceil(1.5 * this.count), 4);
    if (!this.#budget.tryTake(size * old.BYTES_PER_ELEMENT - old.byteLength)) return false;
    this.#pieces = new Int32Array(size);
    this.#pieces.set(old);
    return true;
  }

  #insert(index: number, offset: number): void {
    const at = PIECE_FIELDS * index;
    this.#pieces.copyWithin(at + PIECE_FIELDS, at, PIECE_FIELDS * this.count++);
    this.#pieces[at] = offset | 0;
    this.#pieces[at + LENGTH] = 0;
    this.#pieces[at + PLACE] = this.#end;
  }

  /**
   * Makes room for `length` bytes behind `#end`: moves together what is kept, in twice the memory that it takes. Where
   * there is not room for a quarter more than that, the bytes are refused: each of them would cost another move.
   */
  #reserve(length: number): boolean {
    const old = this.bytes;
    if (this.#end + length <= old.length) return true;
    const needed = this.#keptBytes + length;
    const size = Math.min(2 * needed, old.length + this.#budget.freeBytes);
    if (needed + (this.#keptBytes >> 2) > size) return false;
    this.#budget.take(size - old.length);
    this.bytes = new Uint8Array(size);
    this.#end = 0;
    for (let index = 0; index < this.count; index++) {
      const place = PIECE_FIELDS * index + PLACE;
      copyBytes(old, this.#pieces[place] as number, this.bytes, this.#end, this.#length(index));
      this.#pieces[place] = this.#end;
      this.#end += this.#length(index);
    }
    return true;
  }
}
