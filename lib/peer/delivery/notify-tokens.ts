import type { NotifyCallbacks } from "../channel.js";

/** Who hears what has become of notify messages, in the order in which these were sent: a ring that doubles. */
export class NotifyTokens {
  /** Place of the next message. */
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

  /** Tells whoever waits for the message at `place`, once. */
  resolve(place: number, delivered: boolean): void {
    if (place < this.#oldest) return;
    const index = this.#index(place);
    const callbacks = this.#ring[index];
    this.#ring[index] = null;
    while (this.#oldest < this.next && !this.#ring[this.#index(this.#oldest)]) this.#oldest++;
    if (delivered) callbacks?.onDelivered();
    else callbacks?.onLost();
  }

  /** All that are open are lost. */
  loseAll(): void {
    while (this.#oldest < this.next) this.resolve(this.#oldest, false);
  }

  #index(place: number): number {
    return (place | 0) & (this.#ring.length - 1);
  }
}
