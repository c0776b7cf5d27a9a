import { Channel, type Notify } from "../channel.js";
import { FRAGMENT_BYTES, MAX_FRAGMENT_HEAD_BYTES, writeFragmentHead } from "../frames/fragment-frame.js";
import { messageFrameSize } from "../frames/message-frame.js";
import { varintSize } from "../integers.js";
import { FrameKind, SINGLE_PACKET_MESSAGE_SIZE } from "../packet-format.js";
import { DATAGRAM_QUEUE_BYTES, type ProfileHost } from "../profile.js";
import { Expiries } from "./expiries.js";
import { FrameQueue } from "./frame-queue.js";
import { NotifyTokens } from "./notify-tokens.js";

/** The head of a fragment on its way into a queue. */
const fragmentHead = new Uint8Array(MAX_FRAGMENT_HEAD_BYTES);

/**
 * Unreliable, notify and sequenced messages that wait to be sent. Those that are larger than a packet are cut into
 * fragments, and those that are too old when their turn comes are dropped.
 */
export class DatagramQueue extends FrameQueue {
  readonly tokens = new NotifyTokens();
  /** The places in `tokens` of the notify messages of which the last `take` took something: from here */
  firstNotify = 0;
  /** to before here. */
  endNotify = 0;
  /** Of the oldest message some fragments have been taken: the others have to leave at once. */
  isMidMessage = false;
  /** That is a notify message, the one before `endNotify`. */
  isMidNotify = false;
  readonly #host: ProfileHost;
  readonly #expiries = new Expiries();
  /** The places of notify messages that were dropped as too old and whose senders do not know yet. */
  #expired: number[] = [];
  /** The last `take` took fragments of a notify message. */
  #hasNotifyFragments = false;
  /** How many notify messages have been taken or dropped. */
  #notifies = 0;
  /** The number of the next message that is cut. */
  #nextNumber = 0;
  /** When the flush has begun: messages are as old as they were then. */
  #nowMs = 0;

  constructor(host: ProfileHost) {
    super(DATAGRAM_QUEUE_BYTES);
    this.#host = host;
  }

  /** @returns false: full */
  send(channel: Channel, lane: number, bytes: Uint8Array, offset: number, length: number, notify: Notify): boolean {
    const count = length <= SINGLE_PACKET_MESSAGE_SIZE ? 1 : Math.ceil(length / FRAGMENT_BYTES);
    const size = count === 1 ? messageFrameSize(length) : length + count * MAX_FRAGMENT_HEAD_BYTES;
    if (this.bytes + size > this.maxBytes) {
      this.dropExpired(this.#host.now());
      if (this.bytes + size > this.maxBytes) return false;
    }
    const { maxAgeMs } = this.#host;
    if (maxAgeMs < Number.POSITIVE_INFINITY) this.#expiries.push(this.end, this.#host.now() + maxAgeMs);
    const kind = datagramKind(channel, lane);
    if (count === 1) this.push(kind, bytes, offset, length);
    else this.#cut(kind, bytes, offset, length, count);
    if (channel === Channel.Notify) this.tokens.push(notify);
    return true;
  }

  /**
   * Moves the oldest frames to `target`, from `start` on, while they fit before `end`; gives the place behind them.
   * Call `dropExpired` before the first of a flush.
   *
   * A packet with fragments of a notify message has no other notify message: the other side may have no room for the
   * fragments, and one acknowledgement cannot tell both fates.
   */
  override take(target: Uint8Array, start: number, end: number): number {
    let at = start;
    this.firstNotify = this.isMidNotify ? this.#notifies - 1 : this.#notifies;
    this.#hasNotifyFragments = false;
    for (let size = this.nextSize; size > 0 && at + size <= end && !this.#isExpired(); size = this.nextSize) {
      if (this.start === this.#expiries.nextAt) this.#expiries.shift();
      const kind = this.ring.at(this.start);
      if (isNotify(kind) && !this.#mayShare(kind)) break;
      this.ring.read(this.start, target, at, size);
      if (kind === FrameKind.Notify) this.#notifies++;
      else if (kind >= FrameKind.Fragment) this.#onFragmentTaken(kind - FrameKind.Fragment);
      this.start += size;
      at += size;
    }
    this.endNotify = this.#notifies;
    if (at === start) this.firstNotify = this.endNotify;
    this.#dropExpired();
    return at;
  }

  /** The packet of the last `take` is acknowledged on its own: a notify message that goes on needs the others too. */
  splitNotify(): void {
    if (this.isMidNotify && this.firstNotify < this.endNotify) this.tokens.split(this.endNotify - 1);
  }

  /** Drops the oldest messages as long as they are too old. */
  dropExpired(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#dropExpired();
  }

  #dropExpired(): void {
    while (this.#isExpired()) {
      const kind = this.ring.at(this.start);
      for (let frames = kind < FrameKind.Fragment ? 1 : this.#fragmentCount(); frames > 0; frames--) {
        this.start += this.nextSize;
      }
      if (isNotify(kind)) this.#expired.push(this.#notifies++);
      this.#expiries.shift();
      this.#host.metrics.messagesExpired++;
    }
    this.restart();
  }

  /** Calls `onLost` of notify messages that were dropped as too old: not in `take`, as a callback may flush. */
  tellExpired(): void {
    if (this.#expired.length === 0) return;
    const places = this.#expired;
    this.#expired = [];
    for (const place of places) this.tokens.resolve(place, false);
  }

  /** The oldest message may become too old. */
  get isOldestAged(): boolean {
    return this.start === this.#expiries.nextAt;
  }

  #isExpired(): boolean {
    return this.start === this.#expiries.nextAt && this.#nowMs > this.#expiries.nextMs;
  }

  /** Whether a notify frame of this kind may go to the packet that has those from `firstNotify` on. */
  #mayShare(kind: number): boolean {
    if (this.firstNotify === this.#notifies) return true;
    return kind === FrameKind.Notify ? !this.#hasNotifyFragments : this.isMidNotify;
  }

  #cut(kind: number, bytes: Uint8Array, offset: number, length: number, count: number): void {
    const number = this.#nextNumber++;
    for (let index = 0; index < count; index++) {
      const at = index * FRAGMENT_BYTES;
      const size = Math.min(length - at, FRAGMENT_BYTES);
      const headBytes = writeFragmentHead(fragmentHead, 0, kind, number, index, count, size);
      this.append(fragmentHead, headBytes, bytes, offset + at, size);
    }
  }

  #onFragmentTaken(kind: number): void {
    const index = this.ring.at(this.#placeAt());
    if (index === 0 && kind === FrameKind.Notify) this.#notifies++;
    this.isMidMessage = index + 1 < this.#fragmentCount();
    this.isMidNotify = this.isMidMessage && kind === FrameKind.Notify;
    if (kind === FrameKind.Notify) this.#hasNotifyFragments = true;
  }

  /** Where the index of the oldest fragment lies, behind its kind, length and number. */
  #placeAt(): number {
    return this.start + 1 + varintSize(this.ring.readVarint(this.start + 1)) + 2;
  }

  #fragmentCount(): number {
    return this.ring.at(this.#placeAt() + 1);
  }
}

/** Whether a frame of this kind has a notify message, or a part of one. */
function isNotify(kind: number): boolean {
  return (kind & ~FrameKind.Fragment) === FrameKind.Notify;
}

/** The kind of the frame of a message that is not cut. */
function datagramKind(channel: Channel, lane: number): number {
  if (channel === Channel.Unreliable) return FrameKind.Unreliable;
  return channel === Channel.Notify ? FrameKind.Notify : FrameKind.Sequenced + lane;
}
