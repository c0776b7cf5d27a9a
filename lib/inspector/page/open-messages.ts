import type { MessageRow } from "./timeline.js";

/** More queues no connection has. */
const MAX_QUEUES = 64;
/** Messages of a queue. */
const MAX_OPEN = 5_000;

/** The messages that may still get into packets, or be acknowledged: of each queue in the order of their bytes. */
export class OpenMessages {
  readonly #queues = new Map<number, MessageRow[]>();

  add(message: MessageRow): void {
    const queue = this.#queues.get(message.queue) ?? [];
    // A new connection counts its bytes from the beginning: what was there before gets into none of its packets.
    if ((queue.at(-1)?.end ?? message.start) > message.start) queue.length = 0;
    queue.push(message);
    if (queue.length > MAX_OPEN) queue.splice(0, MAX_OPEN / 10);
    if (this.#queues.size < MAX_QUEUES) this.#queues.set(message.queue, queue);
  }

  /** Those that have some of these bytes. */
  *within(number: number, start: number, end: number): Generator<MessageRow> {
    const queue = this.#queues.get(number) ?? [];
    for (let at = firstBehind(queue, start); at < queue.length; at++) {
      const message = queue[at] as MessageRow;
      if (message.start >= end) return;
      yield message;
    }
  }

  delete(message: MessageRow): void {
    const queue = this.#queues.get(message.queue) ?? [];
    const at = firstBehind(queue, message.start);
    if (queue[at] === message) queue.splice(at, 1);
  }
}

/** Where the first message is that ends behind a byte. */
function firstBehind(queue: readonly MessageRow[], byte: number): number {
  let [from, to] = [0, queue.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((queue[middle] as MessageRow).end > byte) to = middle;
    else from = middle + 1;
  }
  return from;
}
