import type { StoredMsg } from "@nats-io/jetstream";
import { cloneBytes } from "../../bytes.js";
import { NetworkError } from "../../network-error.js";
import { fenced, notThere } from "./checks.js";
import type { Log, LogRecord } from "./engine.js";
import { isWrongSequence } from "./nats-errors.js";
import type { NatsLink } from "./nats-link.js";
import { raiseReplicas, streamInfo } from "./nats-streams.js";

const NANOSECONDS = 1e6;
/** How long the id of an append is remembered. */
const ID_WINDOW_MS = 120_000;
/** How many records, and bytes, are asked for at a time. */
const BATCH = 256;
const BATCH_BYTES = 4 * 2 ** 20;

/** Makes the stream of a log, unless it exists. */
export async function openStream(link: NatsLink, name: string): Promise<void> {
  if ((await streamInfo(link, streamOf(name))) !== null) return raiseReplicas(link, streamOf(name));
  await link.manager.streams.add({
    name: streamOf(name),
    subjects: [`${prefixOf(name)}>`],
    num_replicas: link.replicas,
    duplicate_window: ID_WINDOW_MS * NANOSECONDS,
    allow_direct: true,
  });
}

const streamOf = (name: string) => `LOG_${name}`;
const prefixOf = (name: string) => `$LOG.${name}.`;

/** A log in a stream of NATS. */
export class NatsLog implements Log {
  readonly #link: NatsLink;
  readonly #stream: string;
  readonly #prefix: string;

  constructor(link: NatsLink, name: string) {
    this.#link = link;
    this.#stream = streamOf(name);
    this.#prefix = prefixOf(name);
  }

  async append(subject: string, data: Uint8Array, { expected, id }: { expected: bigint; id: string }): Promise<bigint> {
    const options = { msgID: id, expect: { lastSubjectSequence: Number(expected) } };
    return this.#link.call(data.length, async () => {
      try {
        return BigInt((await this.#link.jetstream.publish(this.#prefix + subject, data, options)).seq);
      } catch (error) {
        if (!isWrongSequence(error)) throw error;
        return this.#sequenceOf(subject, expected, id);
      }
    });
  }

  /** The server looks at the sequence first and at the id second: it refuses what it has stored already. */
  async #sequenceOf(subject: string, expected: bigint, id: string): Promise<bigint> {
    const query = { seq: Number(expected) + 1, next_by_subj: this.#prefix + subject };
    const next = await this.#link.manager.streams.getMessage(this.#stream, query);
    if (!next) throw notThere(subject);
    if (next.header.get("Nats-Msg-Id") !== id) throw fenced(subject);
    return BigInt(next.seq);
  }

  async trim(subject: string, upTo: bigint): Promise<void> {
    const range = { filter: this.#prefix + subject, seq: Number(upTo) + 1 };
    await this.#link.call(0, () => this.#link.manager.streams.purge(this.#stream, range));
  }

  /**
   * Only the leader knows which record is the last one. A batch may come from a follower that is behind, and may lose
   * messages with the connection: its end means nothing until that record is there.
   */
  async *read(subject: string, after: bigint): AsyncGenerator<LogRecord> {
    const last = await this.#fromLeader({ last_by_subj: this.#prefix + subject });
    if (!last) return;
    let at = after;
    while (at < last.sequence) {
      const from = Number(at) + 1;
      let records = await this.#batch(subject, from);
      if (records.length === 0) {
        const next = await this.#fromLeader({ seq: from, next_by_subj: this.#prefix + subject });
        if (!next) return; // They were trimmed.
        records = [next];
      }
      for (const record of records) {
        if (record.sequence > last.sequence) return;
        at = record.sequence;
        yield record;
      }
    }
  }

  async #fromLeader(
    query: { last_by_subj: string } | { seq: number; next_by_subj: string },
  ): Promise<LogRecord | null> {
    const found = await this.#link.find(this.#stream, query);
    return found && toRecord(found);
  }

  /** Some of the next records, without a gap; none if there are none, or they cannot be had. */
  async #batch(subject: string, from: number): Promise<LogRecord[]> {
    const records: LogRecord[] = [];
    const wanted = { seq: from, next_by_subj: this.#prefix + subject, batch: BATCH, max_bytes: BATCH_BYTES };
    const read = () =>
      new Promise<void>((resolve, reject) => {
        const { clock, timeoutMs } = this.#link;
        const expire = () => reject(new NetworkError("ERR_TIMEOUT", `No records within ${timeoutMs} ms`));
        const timer = clock.setTimeout(expire, timeoutMs);
        let previous = 0;
        let isWhole = true;
        const callback = (done: { err?: Error } | null, message: StoredMsg) => {
          if (done) {
            clock.clearTimeout(timer);
            return resolve();
          }
          const { lastSequence } = message as StoredMsg & { lastSequence: number };
          isWhole &&= previous === 0 || lastSequence === previous;
          previous = message.seq;
          if (isWhole) records.push(toRecord(message));
        };
        this.#link.manager.direct.getBatch(this.#stream, { ...wanted, callback }).catch(reject);
      });
    await this.#link.call(0, read);
    return records;
  }
}

const toRecord = ({ seq, data }: StoredMsg): LogRecord => ({
  sequence: BigInt(seq),
  data: cloneBytes(data, 0, data.length),
});
