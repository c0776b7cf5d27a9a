import type { NetworkReader, NetworkWriter } from "../../serialization/index.js";

/** What an object that a behaviour keeps as the value of a member tells about it, by the member's bit. */
export interface HeldOwner {
  /** The members that this side may not set. */
  readonly locked: number;
  /** The member is about to be set. */
  changing(bit: number): void;
  /** Calls `listener` after each batch that has changed the member. @returns a function that ends it */
  listenTo(bit: number, listener: (now: unknown, before: unknown) => void): () => void;
}

/**
 * The class of the objects that the behaviours of a class keep for one member: live values, collections, references.
 * What users do not call is static.
 */
export interface HeldClass<Held = object> {
  new (owner: HeldOwner): Held;
  /** Takes over the content of `value`. @throws TypeError, RangeError, NetworkError before anything has changed */
  assign(held: Held, value: unknown): void;
  /** Whether it differs from what was sent last. It counts as sent from now on. */
  settle(held: Held): boolean;
  /** Writes the whole value. @param isHidden writes a reference as null */
  write(held: Held, writer: NetworkWriter, isHidden?: boolean): void;
  /** Writes what the last `settle` has found, if that is shorter. */
  writeDelta?(held: Held, writer: NetworkWriter): void;
  /** Reads either. It counts as sent. @throws NetworkError as `Codec.read` */
  read(held: Held, reader: NetworkReader): void;
  /** As those of `MemberValues`, for values that always have so many bits. */
  readonly fixedBits?: number;
  readAt?(held: Held, words: Int32Array, position: number): void;
  /** Of live values: as those of `MemberValues`. */
  getNumbers?(held: Held, target: Float64Array, at: number): void;
  setNumbers?(held: Held, source: Float64Array, at: number, isExact: boolean): void;
  /**
   * Reads what another side's `settle` has found, as a change of this side's, if `accepts` takes what would come of it.
   *
   * @returns whether it did
   * @throws NetworkError as `Codec.read` before anything has changed
   */
  take?(held: Held, reader: NetworkReader, accepts: (value: unknown) => boolean): boolean;
  /** A copy for listeners: of the same class, and nobody can change it. `into` is one that may be used again. */
  copy?(held: Held, into: Held | undefined): Held;
  equals?(one: Held, other: Held): boolean;
  /** It has just read what a new one has, and is to be as a new one in all else. */
  renew?(held: Held): void;
  /** Its object is in no world any more. */
  release?(held: Held): void;
}
