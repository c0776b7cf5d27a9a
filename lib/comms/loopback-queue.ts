import { NetworkError } from "../network-error.js";
import { ByteSegment } from "../peer/index.js";
import { MAX_CLIENTS, MAX_PACKET_BYTES, MAX_ROOMS, PacketType } from "./wire/packets.js";

/** Voice that would be more is lost, as on other ways. */
const MAX_VOICE = 4096;
/** Everybody who may be in a session, with all rooms, and as much again: what is told to a client at once. */
const MAX_PACKETS = 2 * MAX_CLIENTS * (1 + MAX_ROOMS);
const MAX_POOLED = 64;

/** Packets between the server and the client in one program: copies, so that neither runs inside the other. */
export class LoopbackQueue {
  readonly #packets: { bytes: Uint8Array; length: number }[] = [];
  readonly #pool: Uint8Array[] = [];
  readonly #segment = new ByteSegment();

  get length(): number {
    return this.#packets.length;
  }

  /** @throws NetworkError `ERR_QUEUE_FULL`: too many packets other than voice wait for an `update` */
  add({ buffer, offset, length }: ByteSegment): void {
    const waiting = this.#packets.length;
    if (waiting >= MAX_VOICE && buffer[offset + 2] === PacketType.VoiceData) return;
    if (waiting >= MAX_PACKETS) {
      throw new NetworkError("ERR_QUEUE_FULL", `${MAX_PACKETS} packets wait for the local client: call update()`);
    }
    // Of many that wait, each has the memory that it needs.
    const bytes = this.#pool.pop() ?? new Uint8Array(waiting < MAX_POOLED ? MAX_PACKET_BYTES : length);
    bytes.set(buffer.subarray(offset, offset + length));
    this.#packets.push({ bytes, length });
  }

  /** Hands out what was there when it was called, in order. */
  deliver(receive: (packet: ByteSegment) => void): void {
    for (const { bytes, length } of this.#packets.splice(0)) {
      receive(this.#segment.set(bytes, 0, length));
      if (this.#pool.length < MAX_POOLED && bytes.length === MAX_PACKET_BYTES) this.#pool.push(bytes);
    }
  }

  clear(): void {
    this.#packets.length = 0;
  }
}
