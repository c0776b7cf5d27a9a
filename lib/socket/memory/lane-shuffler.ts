import type { Random } from "../../random.js";
import { PacketQueue } from "../building/packet-queue.js";
import { Delivery, LANE_COUNT } from "../socket.js";

/** Shuffles packets that arrive together, so that no test relies on an order other than that within a reliable lane. */
export class LaneShuffler {
  /** One for each lane, and the last one for unreliable packets. */
  readonly #queues = Array.from({ length: LANE_COUNT + 1 }, () => new PacketQueue());

  constructor(readonly random: Random) {}

  readonly arrange = (arrived: PacketQueue, ready: PacketQueue): void => {
    for (let packet = arrived.shift(); packet; packet = arrived.shift()) {
      const isReliable = packet.delivery === Delivery.Reliable;
      const queue = this.#queues[isReliable ? packet.lane : LANE_COUNT] as PacketQueue;
      if (isReliable || this.random() < 0.5) queue.push(packet);
      else queue.unshift(packet);
    }
    for (let filled = this.#filledQueues(); filled > 0; filled = this.#filledQueues()) {
      const packet = this.#filled(Math.floor(this.random() * filled)).shift();
      if (packet) ready.push(packet);
    }
  };

  #filledQueues(): number {
    let count = 0;
    for (const queue of this.#queues) if (queue.count > 0) count++;
    return count;
  }

  /** The `index`-th of the queues that are not empty. */
  #filled(index: number): PacketQueue {
    let skipped = 0;
    for (const queue of this.#queues) if (queue.count > 0 && skipped++ === index) return queue;
    throw new RangeError(`No filled queue ${index}`);
  }
}
