import { RECORD } from "../../addon/native.js";

/** Memory for received records, with views to read them. */
export class MessageSlab {
  readonly bytes: Uint8Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly i64: BigInt64Array;
  /** Where the next record goes. */
  end = 0;
  /** Messages in it that have not been destroyed. */
  live = 0;

  constructor(sizeBytes: number) {
    const buffer = new ArrayBuffer(sizeBytes);
    this.bytes = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.i64 = new BigInt64Array(buffer);
  }

  length(record: number): number {
    return this.u32[(record + RECORD.length) >> 2] as number;
  }

  next(record: number): number {
    return this.u32[(record + RECORD.next) >> 2] as number;
  }
}

/** The most that a record takes besides its payload: its head and an identity. */
const RECORD_OVERHEAD = RECORD.payload + 256;

/** The size of a new slab that holds a record of `neededBytes`. */
export function slabSizeFor(neededBytes: number): number {
  return Math.max(SMALL_SIZE, (neededBytes + 7) & ~7);
}

const SMALL_SIZE = 64 * 1024;
/** Holds the largest message of GNS's default limits, or 15 messages of 64 KiB. */
const LARGE_SIZE = 1024 * 1024;
const MAX_SMALL = 32;
const MAX_LARGE = 4;

/**
 * The slabs of the `receiveMessages…` methods, for all sockets of this thread. Messages are put one behind the other
 * into the current slab. A slab is used again when all its messages have been destroyed. A slab with a message that is
 * never destroyed is left to the garbage collector, so a forgotten `destroy()` only costs memory for a while.
 */
class SlabPool {
  /** For debugging: overwrite the bytes of destroyed messages. */
  poison = false;
  #current = new MessageSlab(SMALL_SIZE);
  readonly #small: MessageSlab[] = [];
  readonly #large: MessageSlab[] = [];

  /** The slab to receive into, with room for one record with an empty payload at least. */
  current(): MessageSlab {
    if (this.#current.bytes.length - this.#current.end < RECORD_OVERHEAD) return this.replace(0);
    return this.#current;
  }

  /** Starts another slab, with room for a record of `neededBytes`. */
  replace(neededBytes: number): MessageSlab {
    const old = this.#current;
    if (neededBytes <= SMALL_SIZE) this.#current = this.#small.pop() ?? new MessageSlab(SMALL_SIZE);
    else if (neededBytes <= LARGE_SIZE) this.#current = this.#large.pop() ?? new MessageSlab(LARGE_SIZE);
    else this.#current = new MessageSlab(slabSizeFor(neededBytes));
    if (old.live === 0) this.#keep(old);
    return this.#current;
  }

  /** A message of `slab` has been destroyed. */
  release(slab: MessageSlab, record: number): void {
    if (this.poison) slab.bytes.fill(0xdd, record, slab.next(record));
    slab.live--;
    if (slab.live > 0) return;
    if (slab === this.#current) slab.end = 0;
    else this.#keep(slab);
  }

  #keep(slab: MessageSlab): void {
    slab.end = 0;
    if (slab.bytes.length === SMALL_SIZE && this.#small.length < MAX_SMALL) this.#small.push(slab);
    if (slab.bytes.length === LARGE_SIZE && this.#large.length < MAX_LARGE) this.#large.push(slab);
  }
}

export const slabPool = new SlabPool();
