import type { NetworkErrorCode } from "../../error-codes.js";
import { NetworkError } from "../../network-error.js";
import { printable } from "../../printable.js";
import type { Codec } from "../../serialization/index.js";
import { decode, encode } from "../../serialization/index.js";
import type { Bucket, Change, Engine, Entry, Watch } from "../engine/engine.js";
import { nameOf } from "./names.js";

/** A value of a bucket, with the revision that has to be named to replace it. */
export type Stored<T> = T & { readonly revision: bigint };

/** A record changed in the watched copy. `null`: there was none, or there is none any more. */
export type RecordListener<T> = (now: Stored<T> | null, before: Stored<T> | null) => void;

/** A bucket whose values are records with an id, and its watched copy. The copy leaves out what is no record. */
export class Records<T extends { readonly id: string }> {
  readonly #bucket: Bucket;
  readonly #codec: Codec<T>;
  /** By key. */
  readonly #copy = new Map<string, Stored<T>>();
  #watch: Watch | undefined;

  private constructor(bucket: Bucket, codec: Codec<T>) {
    this.#bucket = bucket;
    this.#codec = codec;
  }

  static async open<T extends { readonly id: string }>(
    engine: Pick<Engine, "bucket">,
    bucket: string,
    codec: Codec<T>,
    on: RecordListener<T> = () => {},
  ): Promise<Records<T>> {
    const records = new Records(await engine.bucket(bucket), codec);
    records.#watch = await records.#bucket.watch((change) => records.#follow(change, on));
    return records;
  }

  /** Whether the copy follows the bucket at present. */
  get isCurrent(): boolean {
    return this.#watch?.isCurrent ?? false;
  }

  /** The record in the copy. */
  find(id: string): Stored<T> | undefined {
    return this.#copy.get(nameOf(id));
  }

  all(): IterableIterator<Stored<T>> {
    return this.#copy.values();
  }

  /** The record as the bucket's leader has it. */
  async read(id: string): Promise<Stored<T> | null> {
    const entry = await this.#bucket.get(nameOf(id));
    return entry && this.#decode(entry);
  }

  /**
   * Writes a record in place of another one, or of none.
   *
   * @returns the record, or that of whoever was faster; `null` if that one was removed
   * @throws (rejects) NetworkError as an engine; then nobody knows which of them is there
   */
  async replace(before: Stored<T> | null, record: T): Promise<Stored<T> | null> {
    const key = nameOf(record.id);
    const value = encode(this.#codec, record);
    try {
      const revision = before ? this.#bucket.update(key, value, before.revision) : this.#bucket.create(key, value);
      return { ...record, revision: await revision };
    } catch (error) {
      if (codeOf(error) !== "ERR_CONFLICT") throw error;
      return this.read(record.id);
    }
  }

  /** Removes a record, unless another one has replaced it. @returns whether it is gone */
  async remove(record: Stored<T>): Promise<boolean> {
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

  #follow({ key, entry }: Change, on: RecordListener<T>): void {
    const now = entry && this.#tryDecode(entry);
    const before = this.#copy.get(key) ?? null;
    if (now) this.#copy.set(key, now);
    else if (!this.#copy.delete(key)) return;
    on(now, before);
  }

  #tryDecode(entry: Entry): Stored<T> | null {
    try {
      return this.#decode(entry);
    } catch {
      return null;
    }
  }

  /** @throws NetworkError for what no host of this version has written */
  #decode({ key, value, revision }: Entry): Stored<T> {
    const record = decode(this.#codec, value);
    if (nameOf(record.id) === key) return { ...record, revision };
    throw new NetworkError("ERR_BAD_VALUE", `The record of ${printable(record.id)} is at the key ${key}`);
  }
}

/** The code of an error of an engine. */
export const codeOf = (error: unknown): NetworkErrorCode | undefined => (error as { code?: NetworkErrorCode })?.code;
