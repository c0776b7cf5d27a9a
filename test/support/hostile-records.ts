import { KIND_BITS, RecordKind } from "../../lib/object/wire/object-messages.js";
import type { IConnection } from "../../lib/peer/index.js";
import { NetworkReader, NetworkWriter } from "../../lib/serialization/index.js";

/** The messages that a connection sends while `run` runs, as they travel. */
export async function recordSent(connection: IConnection, run: () => Promise<void>): Promise<Uint8Array[]> {
  const sent: Uint8Array[] = [];
  const { send, sendNotify } = connection;
  connection.send = (bytes, channel, lane, offset, length, ...rest) => {
    sent.push(bytes.slice(0, length));
    return send.call(connection, bytes, channel, lane, offset, length, ...rest);
  };
  connection.sendNotify = (bytes, callbacks, offset, length, ...rest) => {
    sent.push(bytes.slice(0, length));
    return sendNotify.call(connection, bytes, callbacks, offset, length, ...rest);
  };
  await run();
  Object.assign(connection, { send, sendNotify });
  return sent;
}

interface HonestRecord {
  readonly kind: RecordKind;
  readonly bits: number;
  readonly bytes: Uint8Array;
}

/** Makes hostile messages out of honest ones. */
export class Mutator {
  readonly #random: () => number;
  readonly #samples: readonly Uint8Array[];
  readonly #records: readonly HonestRecord[];

  /**
   * @param samples messages as they travel
   * @param bodies what messages hold that consist of records with a length in front
   */
  constructor(random: () => number, samples: readonly Uint8Array[], bodies: readonly Uint8Array[] = []) {
    this.#random = random;
    this.#samples = samples;
    this.#records = bodies.flatMap(recordsOf);
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  pick<T>(of: readonly T[]): T {
    return of[this.below(of.length)] as T;
  }

  /** A message as it was, with other bits, cut off, extended, spliced with another one, or of random bytes. */
  bytes(): Uint8Array {
    const sample = this.pick(this.#samples);
    const bytes = sample.slice();
    const choice = this.below(12);
    if (choice === 0) return bytes;
    if (choice === 1) return bytes.slice(0, 1 + this.below(bytes.length));
    if (choice === 2) {
      const other = this.pick(this.#samples.filter(([number]) => number === sample[0]));
      return Uint8Array.of(...bytes.slice(0, 1 + this.below(bytes.length)), ...other.slice(this.below(other.length)));
    }
    if (choice === 3) return Uint8Array.of(...bytes, ...this.#noise(this.below(30)));
    if (choice === 4) return Uint8Array.of(bytes[0] as number, ...this.#noise(this.below(60)));
    for (let flips = 1 + this.below(4); flips > 0; flips--) this.#flip(bytes, 8, bytes.length * 8);
    return bytes;
  }

  /** Honest records, some of them with other bits, each with its length in front. */
  records(): Uint8Array {
    const records = new NetworkWriter();
    for (let count = 1 + this.below(3); count > 0; count--) {
      const { kind, bits, bytes: honest } = this.pick(this.#records);
      const bytes = honest.slice();
      // Half of them keep the number of the object: what follows is what gets tested.
      const first = this.below(2) === 0 ? Math.min(32, bits) : 0;
      for (let flips = this.below(4); flips > 0 && first < bits; flips--) this.#flip(bytes, first, bits);
      const length = this.below(8) === 0 ? this.below(bits + 1) : bits;
      records.writeBits(this.below(16) === 0 ? 1 + this.below(15) : kind, KIND_BITS);
      records.writePacked(length);
      copyBits(records, new NetworkReader(bytes), length);
    }
    records.writeBits(RecordKind.End, KIND_BITS);
    return records.toBytes();
  }

  #flip(bytes: Uint8Array, first: number, end: number): void {
    const bit = first + this.below(Math.max(end - first, 1));
    if (bit >> 3 < bytes.length) bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
  }

  *#noise(length: number): Iterable<number> {
    for (let index = 0; index < length; index++) yield this.below(4) === 0 ? 255 : this.below(256);
  }
}

function copyBits(writer: NetworkWriter, reader: NetworkReader, bits: number): void {
  for (let left = bits; left > 0; left -= 32) {
    const count = Math.min(left, 32);
    writer.writeBits(reader.readBits(count), count);
  }
}

function recordsOf(body: Uint8Array): HonestRecord[] {
  const reader = new NetworkReader(body);
  const records: HonestRecord[] = [];
  for (;;) {
    const kind: RecordKind = reader.readBits(KIND_BITS);
    if (kind === RecordKind.End) return records;
    const bits = reader.readPacked();
    const writer = new NetworkWriter();
    copyBits(writer, reader, bits);
    records.push({ kind, bits, bytes: writer.toBytes() });
  }
}
