import type { Clock } from "../../clock.js";
import { refusedRequest } from "../../message/protocol/request.js";
import { promiseBefore } from "../../message/time/deadline.js";
import { NetworkError } from "../../network-error.js";
import type { NetworkReader } from "../../serialization/index.js";
import type { CallOptions, RpcDefinition } from "../behaviour/rpc.js";
import { CallStatus, readAnswerHead, readLast, readRefusal, readSection } from "./call-format.js";

interface Pending {
  readonly rpc: RpcDefinition;
  readonly object: object;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Calls to one player that may wait for what they return. */
const MAX_PENDING = 1024;
const DEFAULT_TIMEOUT_MS = 10_000;

/** The calls to one player that wait for what they return. */
export class PendingCalls {
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get count(): number {
    return this.#pending.size;
  }

  /** @param send sends the call with this id, and throws if it cannot */
  async open(
    object: object,
    rpc: RpcDefinition,
    { timeoutMs = DEFAULT_TIMEOUT_MS, signal }: CallOptions,
    send: (id: number) => void,
  ): Promise<unknown> {
    signal?.throwIfAborted();
    if (this.#pending.size >= MAX_PENDING) {
      throw new NetworkError("ERR_TOO_MANY_REQUESTS", `${MAX_PENDING} calls wait for what they return`);
    }
    const id = (this.#lastId % 0xffffffff) + 1;
    const timeoutText = `${rpc.name} did not return within ${timeoutMs} ms`;
    try {
      return await promiseBefore(this.#clock, { timeoutMs, timeoutText, signal }, (resolve, reject) => {
        this.#pending.set(id, { rpc, object, resolve, reject });
        this.#lastId = id;
        send(id);
      });
    } finally {
      this.#pending.delete(id);
    }
  }

  /**
   * Reads an answer.
   *
   * @returns whether it answers a call of this side, perhaps one that was given up
   * @throws NetworkError as `Codec.read`
   */
  settle(reader: NetworkReader): boolean {
    return readSection(reader, () => {
      const { id, status } = readAnswerHead(reader);
      const pending = this.#pending.get(id);
      if (!pending) return id > 0 && id <= this.#lastId;
      const { rpc, resolve, reject } = pending;
      this.#pending.delete(id);
      try {
        if (status === CallStatus.Returned) resolve(readLast(reader, (rest) => rpc.returns?.read(rest)));
        else if (status === CallStatus.Refused)
          reject(refusedRequest("ERR_RPC_REFUSED", readLast(reader, readRefusal)));
        else if (status === CallStatus.Failed) reject(new NetworkError("ERR_RPC_FAILED", `${rpc.name} failed there`));
        else reject(new NetworkError("ERR_OBJECT_GONE", `${rpc.name}: the object is not there any more`));
      } catch (error) {
        reject(new NetworkError("ERR_RPC_FAILED", `What ${rpc.name} returned cannot be read`, { cause: error }));
        throw error;
      }
      return true;
    });
  }

  /** The object has gone: no answer of it can come. */
  objectGone(object: object): void {
    for (const [id, { object: of, reject, rpc }] of this.#pending) {
      if (of !== object) continue;
      this.#pending.delete(id);
      reject(new NetworkError("ERR_OBJECT_GONE", `${rpc.name}: the object has gone`));
    }
  }

  /** No answers can come any more. */
  failAll(reason: string): void {
    for (const { reject } of this.#pending.values()) reject(new NetworkError("ERR_CONNECTION_LOST", reason));
    this.#pending.clear();
  }
}
