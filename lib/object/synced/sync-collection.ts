import { outOfRange } from "../../arguments.js";
import { NetworkError } from "../../network-error.js";
import { badValue, overLimit } from "../../serialization/errors.js";
import type { Codec, NetworkReader, NetworkWriter } from "../../serialization/index.js";
import type { HeldOwner } from "./held-value.js";
import { OperationLog } from "./operation-log.js";

/** A member that is a collection. */
export interface CollectionSpec {
  /** Class and member, for errors. */
  readonly place: string;
  readonly bit: number;
  readonly max: number;
  /** Of the whole content: an array, Map or Set. */
  readonly content: Codec<never>;
  /** The fewest bits of one element. */
  readonly elementBits: number;
}

/** The kinds of operations, 2 bits. Maps and sets know no `Insert`. */
export const Operation = { Set: 0, Remove: 1, Clear: 2, Insert: 3 } as const;
const KIND_BITS = 2;

/** Which changes belong together: a spawn may hold a change that comes again with the others of its tick. */
const ROUND_BITS = 4;
const ROUNDS = 2 ** ROUND_BITS;

const IS_CONTENT = 0;
const IS_OPERATIONS = 1;

/** What was read of an operation, before it is applied. */
const read = { kind: 0, key: undefined as unknown, value: undefined as unknown };

/**
 * The base of `SyncList`, `SyncMap` and `SyncSet`: what has happened since the last `settle`, what the last one found,
 * and both as bytes.
 */
export abstract class SyncCollection {
  readonly #spec: CollectionSpec;
  /** Null: a copy that nobody can change. */
  readonly #owner: HeldOwner | null;
  #log = new OperationLog();
  #settled = new OperationLog();
  /** The number of the last round that was settled here, and of the one that was received. */
  #round = 0;
  #received = -1;

  /** @internal */
  constructor(spec: CollectionSpec, owner: HeldOwner | null) {
    this.#spec = spec;
    this.#owner = owner;
  }

  /** @internal How many elements there are. */
  protected abstract count(): number;

  /** @internal The content in the form of its codec, not a copy. */
  protected abstract raw(): unknown;

  /** @internal */
  protected abstract copyRaw(): unknown;

  /** @internal An empty one that nobody can change. */
  protected abstract detach(): SyncCollection;

  /** @internal Takes the place of the content. */
  protected abstract replaceRaw(content: unknown): void;

  /** @internal Changes the content. @returns false if the operation does not fit it */
  protected abstract apply(kind: number, key: unknown, value: unknown): boolean;

  /** @internal */
  protected abstract writeKey(writer: NetworkWriter, kind: number, key: unknown, value: unknown): void;

  /** @internal */
  protected abstract readKey(reader: NetworkReader, kind: number, into: { key: unknown; value: unknown }): void;

  /** @internal Throws unless this side may change it, and it may have so many elements. */
  protected check(count: number): void {
    const { bit, max, place } = this.#spec;
    if (!this.#owner) throw new NetworkError("ERR_STATE", `${place}: this is a copy of what was before the change`);
    if ((this.#owner.locked & bit) !== 0) {
      throw new NetworkError("ERR_WRONG_SIDE", `${place} is changed on the other side: see the member's option from`);
    }
    if (count > max) throw outOfRange(`${place} would have ${count} elements, over its limit of ${max}`);
  }

  /** @internal Calls what was registered after each batch that has changed it. @returns a function that ends it */
  protected listen(listener: (now: this, before: this) => void): () => void {
    if (!this.#owner) throw new NetworkError("ERR_STATE", `${this.#spec.place}: this is a copy`);
    return this.#owner.listenTo(this.#spec.bit, (now, before) => listener(now as this, before as this));
  }

  /** @internal Does what was checked before. */
  protected perform(kind: number, key?: unknown, value?: unknown): void {
    this.#owner?.changing(this.#spec.bit);
    this.apply(kind, key, value);
    if (kind === Operation.Clear) this.#log.clear();
    this.#log.add(kind, key, value, this.count());
  }

  /** @internal Puts other content in the place of this one. It was checked before. */
  protected performReplace(content: unknown): void {
    this.#owner?.changing(this.#spec.bit);
    this.replaceRaw(content);
    this.#log.replace();
  }

  /** @internal See {@link HeldClass} for these. */
  static settle(self: SyncCollection): boolean {
    if (self.#log.isEmpty) return false;
    const log = self.#settled;
    self.#settled = self.#log;
    self.#log = log;
    log.clear();
    self.#round = (self.#round + 1) % ROUNDS;
    return true;
  }

  /** @internal */
  static write(self: SyncCollection, writer: NetworkWriter): void {
    // What is in this content already must not come again as an operation.
    if (!self.#log.isEmpty) self.#log.replace();
    self.#writeContent(writer);
  }

  #writeContent(writer: NetworkWriter): void {
    writer.writeBits(IS_CONTENT | (this.#round << 1), 1 + ROUND_BITS);
    this.#spec.content.write(writer, this.raw() as never);
  }

  /** @internal */
  static writeDelta(self: SyncCollection, writer: NetworkWriter): void {
    const { count, isContent, keys, kinds, values } = self.#settled;
    if (isContent || !self.#log.isEmpty) {
      SyncCollection.write(self, writer);
      return;
    }
    const start = writer.bitLength;
    writer.writeBits(IS_OPERATIONS | (self.#round << 1), 1 + ROUND_BITS);
    writer.writePacked(count);
    for (let index = 0; index < count; index++) {
      const kind = kinds[index] as number;
      writer.writeBits(kind, KIND_BITS);
      self.writeKey(writer, kind, keys[index], values[index]);
    }
    self.#shorten(writer, start);
  }

  /** Writes the content in place of the operations behind bit `start` if it is shorter. */
  #shorten(writer: NetworkWriter, start: number): void {
    const { content, elementBits } = this.#spec;
    const end = writer.bitLength;
    if (end - start <= 1 + ROUND_BITS + content.minBits + this.count() * elementBits) return;
    this.#writeContent(writer);
    const isShorter = writer.bitLength - end < end - start;
    writer.truncate(isShorter ? start : end);
    if (isShorter) this.#writeContent(writer);
  }

  /** @internal */
  static read(self: SyncCollection, reader: NetworkReader): void {
    const isOperations = reader.readBits(1) === IS_OPERATIONS;
    const round = reader.readBits(ROUND_BITS);
    if (!isOperations) {
      self.#log.clear();
      self.replaceRaw(self.#spec.content.read(reader));
    } else if (!self.#readOperations(reader, round === self.#received ? "skip" : "apply")) {
      throw badValue("An operation does not fit the collection");
    }
    self.#received = round;
  }

  /** @returns whether all of them fit */
  #readOperations(reader: NetworkReader, use: "apply" | "perform" | "skip"): boolean {
    const count = reader.readPacked();
    reader.require(count * KIND_BITS);
    let fits = true;
    for (let left = count; left > 0; left--) {
      read.kind = reader.readBits(KIND_BITS);
      this.readKey(reader, read.kind, read);
      const { kind, key, value } = read;
      if (use === "perform") this.perform(kind, key, value);
      else if (use === "apply") fits = this.apply(kind, key, value) && fits;
      if (this.count() > this.#spec.max) throw overLimit("A collection", this.count(), this.#spec.max);
    }
    return fits;
  }

  /** @internal */
  static take(self: SyncCollection, reader: NetworkReader, accepts: (value: unknown) => boolean): boolean {
    const isOperations = reader.readBits(1) === IS_OPERATIONS;
    reader.readBits(ROUND_BITS);
    if (!isOperations) {
      const content = self.#spec.content.read(reader);
      if (!accepts(content)) return false;
      self.performReplace(content);
      return true;
    }
    const start = reader.bitPosition;
    const trial = SyncCollection.copy(self);
    const fits = trial.#readOperations(reader, "apply");
    if (!fits || !accepts(trial.raw())) return false;
    reader.seek(start);
    self.#readOperations(reader, "perform");
    return true;
  }

  /** @internal */
  static renew(self: SyncCollection): void {
    self.#round = self.#received;
    self.#received = -1;
    self.#settled.clear();
  }

  /** @internal */
  static copy(self: SyncCollection, into: SyncCollection = self.detach()): SyncCollection {
    into.replaceRaw(self.copyRaw());
    return into;
  }

  /** @internal */
  static equals(one: SyncCollection, other: SyncCollection): boolean {
    return (one.#spec.content as Codec<unknown>).equals(one.raw(), other.raw());
  }
}
