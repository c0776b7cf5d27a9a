import { reportUncaught } from "../../report-uncaught.js";
import type { NotifyCallbacks } from "../channel.js";

/** The callbacks of notify messages, in the order in which these were sent: a ring that grows by doubling. */
export class NotifyTokens {
  /** The place of the next message. */
  next = 0;
  #oldest = 0;
  /** Of messages in several packets: how many of these have to be acknowledged before the last one counts. */
  readonly #split = new Map<number, number>();
  #ring: (NotifyCallbacks | null)[] = new Array(16).fill(null);

  push(callbacks: NotifyCallbacks | null): void {
    const { length } = this.#ring;
    if (this.next - this.#oldest === length) {
      const old = this.#ring;
      this.#ring = new Array(2 * length).fill(null);
      for (let place = this.#oldest; place < this.next; place++) {
        this.#ring[place & (2 * length - 1)] = old[place & (length - 1)] as NotifyCallbacks | null;
      }
    }
    this.#ring[this.#index(this.next++)] = callbacks;
  }

  /** The message at `place` goes on in one more packet. It is delivered when all are acknowledged. */
  split(place: number): void {
    if (place < this.#oldest || !this.#ring[this.#index(place)]) return;
    this.#split.set(place, (this.#split.get(place) ?? 0) + 1);
  }

  /**
   * A packet of the message at `place` was acknowledged or lost: calls a callback, if that decides about the
   * message. What it throws is an uncaught error, and harms no other message.
   */
  resolve(place: number, delivered: boolean): void {
    if (place < this.#oldest) return;
    if (this.#split.size > 0 && !this.#isDecided(place, delivered)) return;
    const index = this.#index(place);
    const callbacks = this.#ring[index];
    this.#ring[index] = null;
    while (this.#oldest < this.next && !this.#ring[this.#index(this.#oldest)]) this.#oldest++;
    try {
      if (delivered) callbacks?.onDelivered();
      else callbacks?.onLost();
    } catch (error) {
      reportUncaught(error);
    }
  }

  /** Calls `onLost` of all messages whose fate is open. */
  loseAll(): void {
    while (this.#oldest < this.next) this.resolve(this.#oldest, false);
  }

  #isDecided(place: number, delivered: boolean): boolean {
    const others = this.#split.get(place) ?? 0;
    if (delivered && others > 0) this.#split.set(place, others - 1);
    else this.#split.delete(place);
    return !delivered || others === 0;
  }

  #index(place: number): number {
    return (place | 0) & (this.#ring.length - 1);
  }
}
