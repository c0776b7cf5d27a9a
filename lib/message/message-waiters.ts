import type { Clock } from "../clock.js";
import type { NetworkError } from "../network-error.js";
import type { WaitOptions } from "./message-handler.js";
import type { INetworkPlayer } from "./players/player.js";
import type { MessageDefinition } from "./protocol/message.js";
import { promiseBefore } from "./time/deadline.js";

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

  async wait<T>(message: MessageDefinition<T>, options: WaitOptions): Promise<T> {
    const { player, timeoutMs = Number.POSITIVE_INFINITY, signal } = options;
    signal?.throwIfAborted();
    const waiters = this.#waiters.get(message) ?? new Set();
    this.#waiters.set(message, waiters);
    const timeoutText = `No ${message.name} within ${timeoutMs} ms`;
    let waiter: Waiter | undefined;
    try {
      return await promiseBefore<T>(this.#clock, { timeoutMs, timeoutText, signal }, (resolve, reject) => {
        waiter = { player, resolve, reject } as Waiter;
        waiters.add(waiter);
      });
    } finally {
      this.#remove(message, waiter as Waiter);
    }
  }

  deliver(message: MessageDefinition<unknown>, player: INetworkPlayer, value: unknown): void {
    for (const waiter of this.#waiters.get(message) ?? []) {
      if (waiter.player && waiter.player !== player) continue;
      this.#remove(message, waiter);
      waiter.resolve(value);
    }
  }

  /** What is waited for will not come any more. @param player of this player; without it, of anybody */
  fail(errorOf: (messageName: string) => NetworkError, player?: INetworkPlayer): void {
    for (const [{ name }, waiters] of this.#waiters) {
      for (const waiter of waiters) if (!player || waiter.player === player) waiter.reject(errorOf(name));
    }
  }

  #remove(message: MessageDefinition<unknown>, waiter: Waiter): void {
    const waiters = this.#waiters.get(message);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waiters.delete(message);
  }
}
