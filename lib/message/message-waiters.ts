import type { Clock } from "../clock.js";
import { NetworkError } from "../network-error.js";
import type { WaitOptions } from "./message-handler.js";
import type { INetworkPlayer } from "./players/player.js";
import type { MessageDefinition } from "./protocol/message.js";

interface Waiter {
  player: INetworkPlayer | undefined;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** The promises of `waitFor`. */
export class MessageWaiters {
  readonly #clock: Clock;
  readonly #waiters = new Map<MessageDefinition<unknown>, Set<Waiter>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(message: MessageDefinition<unknown>): boolean {
    return this.#waiters.has(message);
  }

  async wait<T>(message: MessageDefinition<T>, { player, timeoutMs, signal }: WaitOptions): Promise<T> {
    signal?.throwIfAborted();
    const key = message;
    const waiters = this.#waiters.get(key) ?? new Set();
    this.#waiters.set(key, waiters);
    let timer: unknown = null;
    let onAbort: (() => void) | undefined;
    let waiter: Waiter | undefined;
    try {
      return (await new Promise((resolve, reject) => {
        waiter = { player, resolve, reject };
        waiters.add(waiter);
        if (timeoutMs !== undefined) {
          const timeout = new NetworkError("ERR_TIMEOUT", `No ${message.name} within ${timeoutMs} ms`);
          timer = this.#clock.setTimeout(() => reject(timeout), timeoutMs);
        }
        onAbort = () => reject(signal?.reason);
        signal?.addEventListener("abort", onAbort);
      })) as T;
    } finally {
      this.#remove(key, waiter as Waiter);
      if (timer !== null) this.#clock.clearTimeout(timer);
      if (onAbort) signal?.removeEventListener("abort", onAbort);
    }
  }

  deliver(message: MessageDefinition<unknown>, player: INetworkPlayer, value: unknown): void {
    for (const waiter of this.#waiters.get(message) ?? []) {
      if (waiter.player && waiter.player !== player) continue;
      this.#remove(message, waiter);
      waiter.resolve(value);
    }
  }

  failAll(): void {
    const error = new NetworkError("ERR_CLOSED", "The server or client has stopped");
    for (const waiters of this.#waiters.values()) for (const { reject } of waiters) reject(error);
  }

  #remove(message: MessageDefinition<unknown>, waiter: Waiter): void {
    const waiters = this.#waiters.get(message);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waiters.delete(message);
  }
}
