import { NetworkError } from "../network-error.js";
import { ByteSegment } from "../peer/index.js";
import { MAX_PACKET_BYTES } from "./wire/packets.js";

const MAX_PACKETS = 4096;
const MAX_POOLED = 64;

/** Packets between the server and the client in one program: copies, so that neither runs inside the other. */
export class LoopbackQueue {
  readonly #packets: { bytes: Uint8Array; length: number }[] = [];
  readonly #pool: Uint8Array[] = [];
  readonly #segment = new ByteSegment();

  get length(): number {
    return this.#packets.length;
  }

  /** @throws NetworkError `ERR_QUEUE_FULL` when 4096 packets wait for an `update` */
  add({ buffer, offset, length }: ByteSegment): void {
    if (this.#packets.length >= MAX_PACKETS) {
      throw new NetworkError("ERR_QUEUE_FULL", `${MAX_PACKETS} packets wait for the local client: call update()`);
    }
    const bytes = this.#pool.pop() ?? new Uint8Array(MAX_PACKET_BYTES);
    bytes.set(buffer.subarray(offset, offset + length));
    this.#packets.push({ bytes, length });
  }

  /** Hands out what was there when it was called, in order. */
  deliver(receive: (packet: ByteSegment) => void): void {
    for (const { bytes, length } of this.#packets.splice(0)) {
      receive(this.#segment.set(bytes, 0, length));
      if (this.#pool.length < MAX_POOLED) this.#pool.push(bytes);
    }
  }

  clear(): void {
    this.#packets.length = 0;
  }
}
