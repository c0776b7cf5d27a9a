import type { INetworkTime } from "../../message/index.js";
import { secureRandomBytes } from "../../random.js";

/** A number is not used again for so long: what is on its way still means the object that had it. */
const REST_MS = 2000;

/** The numbers of objects on the wire: as small as possible. */
export class ItemNumbers {
  readonly #time: INetworkTime;
  /** Those that are free, and when they may be used again. */
  readonly #resting: { item: number; freeMs: number }[] = [];
  #next = 0;

  constructor(time: INetworkTime) {
    this.#time = time;
  }

  take(): number {
    const oldest = this.#resting[0];
    if (!oldest || oldest.freeMs > this.#time.nowMs) return this.#next++;
    this.#resting.shift();
    return oldest.item;
  }

  release(item: number): void {
    this.#resting.push({ item, freeMs: this.#time.nowMs + REST_MS });
  }
}

/** A random number for an object, which no other has. */
export function newNetId(isTaken: (netId: number) => boolean): number {
  for (;;) {
    const [a, b, c, d] = secureRandomBytes(4) as unknown as [number, number, number, number];
    const netId = (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
    if (netId !== 0 && !isTaken(netId)) return netId;
  }
}
