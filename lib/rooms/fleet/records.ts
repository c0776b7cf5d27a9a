import type { NetworkErrorCode } from "../../error-codes.js";
import { NetworkError } from "../../network-error.js";
import { printable } from "../../printable.js";
import type { Codec } from "../../serialization/index.js";
import { decode, encode } from "../../serialization/index.js";
import type { Bucket, Change, Engine, Entry, Watch } from "../engine/engine.js";
import { idOf, nameOf } from "./names.js";

/** What every record has: its id, and the revision that has to be named to replace it. */
interface Stored {
  readonly id: string;
  readonly revision: bigint;
}

/** A record changed in the watched copy. `null`: there was none, or there is none any more. */
export type RecordListener<R> = (now: R | null, before: R | null) => void;

/** How records are kept: `T` is what is written, `R` what it becomes with its revision. */
export interface RecordKind<T, R> {
  readonly codec: Codec<T>;
  complete(record: T, revision: bigint): R;
}

/** A bucket whose values are records with an id, and its watched copy. The copy leaves out what is no record. */
export class Records<T extends { readonly id: string }, R extends Stored> {
  readonly #bucket: Bucket;
  readonly #kind: RecordKind<T, R>;
  /** By id. */
  readonly #copy = new Map<string, R>();
  #watch: Watch | undefined;

  private constructor(bucket: Bucket, kind: RecordKind<T, R>) {
    this.#bucket = bucket;
    this.#kind = kind;
  }

  static async open<T extends { readonly id: string }, R extends Stored>(
    engine: Pick<Engine, "bucket">,
    bucket: string,
    kind: RecordKind<T, R>,
    on: RecordListener<R>,
  ): Promise<Records<T, R>> {
    const records = new Records(await engine.bucket(bucket), kind);
    records.#watch = await records.#bucket.watch((change) => records.#follow(change, on));
    return records;
  }

  /** Whether the copy follows the bucket at present. */
  get isCurrent(): boolean {
    return this.#watch?.isCurrent ?? false;
  }

  /** The record in the copy. */
  find(id: string): R | undefined {
    return this.#copy.get(id);
  }

  all(): IterableIterator<R> {
    return this.#copy.values();
  }

  /** The record as the bucket's leader has it. */
  async read(id: string): Promise<R | null> {
    const entry = await this.#bucket.get(nameOf(id));
    return entry && this.#decode(entry);
  }

  /**
   * Writes a record in place of another one, or of none.
   *
   * @returns the record, or that of whoever was faster; `null` if that one was removed
   * @throws (rejects) NetworkError as an engine; then nobody knows which of them is there
   */
  async replace(before: Stored | null, record: T): Promise<R | null> {
    const key = nameOf(record.id);
    const value = encode(this.#kind.codec, record);
    try {
      const revision = before ? this.#bucket.update(key, value, before.revision) : this.#bucket.create(key, value);
      return this.#kind.complete(record, await revision);
    } catch (error) {
      if (codeOf(error) !== "ERR_CONFLICT") throw error;
      return this.read(record.id);
    }
  }

  /** Removes a record, unless another one has replaced it. @returns whether it is gone */
  async remove(record: Stored): Promise<boolean> {
    try {
      await this.#bucket.delete(nameOf(record.id), record.revision);
      return true;
    } catch (error) {
      if (codeOf(error) === "ERR_CONFLICT") return false;
      throw error;
    }
  }

  close(): void {
    this.#watch?.close();
  }

  #follow({ key, entry }: Change, on: RecordListener<R>): void {
    const id = idOf(key);
    const now = entry && this.#tryDecode(entry);
    const before = this.#copy.get(id) ?? null;
    if (now) this.#copy.set(id, now);
    else if (!this.#copy.delete(id)) return;
    on(now, before);
  }

  #tryDecode(entry: Entry): R | null {
    try {
      return this.#decode(entry);
    } catch {
      return null;
    }
  }

  /** @throws NetworkError for what no host of this version has written */
  #decode({ key, value, revision }: Entry): R {
    const record = decode(this.#kind.codec, value);
    if (record.id === idOf(key)) return this.#kind.complete(record, revision);
    throw new NetworkError("ERR_BAD_VALUE", `The record of ${printable(record.id)} is at the key ${key}`);
  }
}

/** The code of an error of an engine. */
export const codeOf = (error: unknown): NetworkErrorCode | undefined => (error as { code?: NetworkErrorCode })?.code;
