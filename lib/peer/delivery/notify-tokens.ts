import type { NotifyCallbacks } from "../channel.js";

/** The callbacks of notify messages, in the order in which these were sent: a ring that grows by doubling. */
export class NotifyTokens {
  /** The place of the next message. */
  next = 0;
  #oldest = 0;
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

  /** Calls a callback of the message at `place`, if that has not been done. */
  resolve(place: number, delivered: boolean): void {
    if (place < this.#oldest) return;
    const index = this.#index(place);
    const callbacks = this.#ring[index];
    this.#ring[index] = null;
    while (this.#oldest < this.next && !this.#ring[this.#index(this.#oldest)]) this.#oldest++;
    if (delivered) callbacks?.onDelivered();
    else callbacks?.onLost();
  }

  /** Calls `onLost` of all messages whose fate is open. */
  loseAll(): void {
    while (this.#oldest < this.next) this.resolve(this.#oldest, false);
  }

  #index(place: number): number {
    return (place | 0) & (this.#ring.length - 1);
  }
}
