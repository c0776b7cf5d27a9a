import type { KV } from "@nats-io/kv";
import { cloneBytes } from "../../bytes.js";
import { conflict, type UncheckedBucket } from "./checks.js";
import type { Change, Entry, Watch } from "./engine.js";
import { isWrongSequence } from "./nats-errors.js";
import type { NatsLink } from "./nats-link.js";
import { isMark, watchBucket } from "./nats-watch.js";

/** How long the mark of a deleted key stays. A copy that was away for longer is rebuilt anyway. */
export const MARK_MS = 60_000;

/** A bucket of NATS. Its stream answers from its leader alone (`allow_direct` is off). */
export class NatsBucket implements UncheckedBucket {
  readonly #link: NatsLink;
  readonly #kv: KV;
  readonly #name: string;

  constructor(link: NatsLink, kv: KV, name: string) {
    this.#link = link;
    this.#kv = kv;
    this.#name = name;
  }

  async get(key: string): Promise<Entry | null> {
    const found = await this.#link.find(`KV_${this.#name}`, { last_by_subj: `$KV.${this.#name}.${key}` });
    if (!found || isMark(found.header)) return null;
    return { key, value: cloneBytes(found.data, 0, found.data.length), revision: BigInt(found.seq) };
  }

  create(key: string, value: Uint8Array, ttlSeconds: number | undefined): Promise<bigint> {
    const ttl = ttlSeconds === undefined ? "" : `${ttlSeconds}s`;
    return this.#write(key, value, () => this.#kv.create(key, value, ttl));
  }

  update(key: string, value: Uint8Array, revision: bigint): Promise<bigint> {
    return this.#write(key, value, () => this.#kv.update(key, value, Number(revision)));
  }

  async delete(key: string, revision: bigint): Promise<void> {
    const options = { previousSeq: Number(revision), ttl: `${MARK_MS / 1000}s` };
    await this.#write(key, new Uint8Array(0), async () => {
      await this.#kv.purge(key, options);
      return 0;
    });
  }

  watch(on: (change: Change) => void): Promise<Watch> {
    return watchBucket(this.#link, this.#name, on);
  }

  async #write(key: string, value: Uint8Array, write: () => Promise<number>): Promise<bigint> {
    return this.#link.call(value.length, async () => {
      try {
        return BigInt(await write());
      } catch (error) {
        throw isWrongSequence(error) ? conflict(key, error) : error;
      }
    });
  }
}
