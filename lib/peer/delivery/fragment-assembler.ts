import { ReplayWindow } from "../../noise/replay-window.js";
import { MessageBuffer } from "../collections/message-buffer.js";
import { type FragmentFrame, MAX_FRAGMENTS } from "../frames/fragment-frame.js";
import { MAX_UNRELIABLE_MESSAGE_SIZE } from "../packet-format.js";
import type { ProfileHost } from "../profile.js";
import { takeForMessage } from "../reassembly.js";
import { DatagramResult } from "./datagram-result.js";

/** How many messages may be incomplete at once. For one more the oldest is given up. */
export const MAX_INCOMPLETE = 16;
/** How long a message may be incomplete: its fragments have left together. */
export const MAX_INCOMPLETE_MS = 2000;
/** What an incomplete message costs besides its bytes, as measured: six objects, four of them arrays. */
export const INCOMPLETE_MESSAGE_BYTES = 1152;
/** How many messages back a fragment of one that is complete or given up is known as such. */
const SETTLED_WINDOW = 64;

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** A message of which some fragments have come. */
export class IncompleteMessage {
  number = 0;
  kind = 0;
  count = 0;
  arrived = 0;
  startedMs = 0;
  /** The smallest number of a packet that has brought a fragment. */
  oldestPacket = 0;
  /**
   * The fragments in the order of their arrival, and where each begins and how long it is; length 0 before it comes.
   */
  readonly parts = new MessageBuffer();
  readonly starts = new Uint16Array(MAX_FRAGMENTS);
  readonly lengths = new Uint16Array(MAX_FRAGMENTS);
  /** The number of the packet that has brought each fragment. */
  readonly packets = new Float64Array(MAX_FRAGMENTS);
  #isInOrder = true;

  begin(number: number, kind: number, count: number, packet: number, nowMs: number): this {
    this.number = number;
    this.kind = kind;
    this.count = count;
    this.arrived = 0;
    this.startedMs = nowMs;
    this.oldestPacket = packet;
    this.lengths.fill(0);
    this.#isInOrder = true;
    return this;
  }

  /** @returns how many bytes of memory more it takes now */
  add({ index, start, length }: FragmentFrame, buffer: Uint8Array, packet: number, limit: number): number {
    if (index !== this.arrived++) this.#isInOrder = false;
    this.oldestPacket = Math.min(this.oldestPacket, packet);
    this.packets[index] = packet;
    this.starts[index] = this.parts.size;
    this.lengths[index] = length;
    return this.parts.append(buffer, start, length, limit);
  }

  /** The bytes of the complete message, of which there are `parts.size`. */
  join(): Uint8Array {
    const { bytes, size } = this.parts;
    if (this.#isInOrder) return bytes;
    const whole = new Uint8Array(size);
    let at = 0;
    for (let index = 0; index < this.count; index++) {
      const start = this.starts[index] as number;
      const end = start + (this.lengths[index] as number);
      whole.set(bytes.subarray(start, end), at);
      at += end - start;
    }
    return whole;
  }
}

/**
 * Puts messages together again that were cut into fragments. It holds what has arrived, which the reassembly budget
 * pays for. Each message is complete once, or given up for good: after `MAX_INCOMPLETE_MS`, for others when there are
 * too many, or when `giveUpOlder` says so.
 */
export class FragmentAssembler {
  /** The message that was completed last, */
  message: IncompleteMessage | null = null;
  /** its bytes, */
  bytes = NO_BYTES;
  /** and how many these are. */
  length = 0;
  /** In the order of the arrival of their first fragments. */
  readonly #incomplete: IncompleteMessage[] = [];
  /** Those that are complete or given up. */
  readonly #settled = new ReplayWindow(SETTLED_WINDOW);
  readonly #host: ProfileHost;
  readonly #isOrdered: boolean;
  /** Its memory is used again. */
  #spare: IncompleteMessage | null = null;

  /**
   * @param isOrdered fragments come in order, so that only one message at a time can be incomplete. Nothing is refused
   *   for want of room then, nor given up for its age: the sender takes for delivered what it has sent.
   */
  constructor(host: ProfileHost, isOrdered: boolean) {
    this.#host = host;
    this.#isOrdered = isOrdered;
  }

  /** When `expire` has something to do. */
  get deadlineMs(): number {
    const oldest = this.#isOrdered ? undefined : this.#incomplete[0];
    return oldest ? oldest.startedMs + MAX_INCOMPLETE_MS : Number.POSITIVE_INFINITY;
  }

  /**
   * Takes a fragment of a message of `kind` that the packet with this number has brought.
   *
   * @returns for `Complete`, the message is in `message` until the next one is, and in `bytes` until `release`
   */
  receive(kind: number, frame: FragmentFrame, buffer: Uint8Array, packet: number, nowMs: number): DatagramResult {
    const { newest } = this.#settled;
    const number = newest + (((frame.numberBits - newest) << 16) >> 16);
    const known = this.#incomplete.find((message) => message.number === number);
    if (known && (known.kind !== kind || known.count !== frame.count)) return DatagramResult.Malformed;
    if ((known?.parts.size ?? 0) + frame.length > MAX_UNRELIABLE_MESSAGE_SIZE) return DatagramResult.Malformed;
    const isRepeated = known ? known.lengths[frame.index] !== 0 : !this.#settled.isNew(number);
    if (isRepeated) return this.#drop();
    const ownBytes = known ? 0 : INCOMPLETE_MESSAGE_BYTES;
    const freeBytes = this.#isOrdered ? Number.POSITIVE_INFINITY : this.#host.reassembly.freeBytes;
    if (frame.length + ownBytes > freeBytes) {
      if (known) this.#giveUp(known);
      else this.#settled.mark(number);
      return this.#drop();
    }
    const message = known ?? this.#begin(number, kind, frame.count, packet, nowMs);
    const affordable = message.parts.size + freeBytes - ownBytes;
    const taken = message.add(frame, buffer, packet, Math.min(MAX_UNRELIABLE_MESSAGE_SIZE, affordable));
    if (!takeForMessage(this.#host, taken + ownBytes)) return DatagramResult.Stopped;
    if (message.arrived < message.count) return DatagramResult.Kept;
    this.bytes = message.join();
    this.length = message.parts.size;
    this.#settle(message);
    this.message = message;
    this.#spare = message;
    return DatagramResult.Complete;
  }

  /** The bytes of the complete message have been handed on. */
  release(): void {
    this.bytes = NO_BYTES;
  }

  /** Gives up messages of `kind` that began before those in the packet with this number: they would come too late. */
  giveUpOlder(kind: number, packet: number): void {
    for (let index = this.#incomplete.length - 1; index >= 0; index--) {
      const message = this.#incomplete[index] as IncompleteMessage;
      if (message.kind === kind && message.oldestPacket <= packet) this.#giveUp(message);
    }
  }

  expire(nowMs: number): void {
    while (nowMs >= this.deadlineMs) {
      this.#giveUp(this.#incomplete[0] as IncompleteMessage);
    }
  }

  #begin(number: number, kind: number, count: number, packet: number, nowMs: number): IncompleteMessage {
    this.expire(nowMs);
    if (this.#incomplete.length >= (this.#isOrdered ? 1 : MAX_INCOMPLETE)) {
      this.#giveUp(this.#incomplete.reduce((oldest, one) => (one.number < oldest.number ? one : oldest)));
    }
    const message = (this.#spare ?? new IncompleteMessage()).begin(number, kind, count, packet, nowMs);
    this.#spare = null;
    this.#incomplete.push(message);
    return message;
  }

  #drop(): DatagramResult {
    this.#host.metrics.fragmentsDropped++;
    return DatagramResult.Dropped;
  }

  #giveUp(message: IncompleteMessage): void {
    this.#settle(message);
    this.#host.metrics.messagesIncomplete++;
  }

  #settle(message: IncompleteMessage): void {
    this.#incomplete.splice(this.#incomplete.indexOf(message), 1);
    const { reassembly } = this.#host;
    reassembly.giveBack(message.parts.clear(reassembly.isTrusted) + INCOMPLETE_MESSAGE_BYTES);
    if (this.#settled.isNew(message.number)) this.#settled.mark(message.number);
  }
}
