import { Delivery, type IConnectionHandle, type ReceivedPacket } from "../../socket/index.js";
import type { DatagramQueue } from "../delivery/datagram-queue.js";
import { DatagramResult } from "../delivery/datagram-result.js";
import { readNumberFrame, writeNumberFrame } from "../frames/number-frame.js";
import { FrameKind, PacketKind, ProfileKind } from "../packet-format.js";
import type { ProfileHost, ProfileLimits } from "../profile.js";
import { MAX_PACKET_BYTES, OverReliableProfile } from "./over-reliable-profile.js";

/** Notify messages that may wait to be acknowledged. More are dropped, and lost, until the other side answers. */
const MAX_NOTIFIES = 8192;

/**
 * Over one ordered stream of packets (WebSocket). Everything arrives, so only notify messages are acknowledged, by a
 * running count.
 */
export class StreamProfile extends OverReliableProfile {
  readonly kind = ProfileKind.Stream;
  protected readonly laneBufferBytes = 256 * 1024;
  /** How many notify messages have been handed over here, how many of them were acknowledged, and how many there. */
  #handedOver = 0;
  #handedOverAnswered = 0;
  #delivered = 0;
  /** The places of those that were sent and are not acknowledged, in order. */
  readonly #sentTokens: number[] = [];
  /** Since when the other side has acknowledged none of them. */
  #waitingMs = 0;
  /** The place of the last notify message of which something was dropped. */
  #droppedToken = -1;

  constructor(host: ProfileHost, handle: IConnectionHandle, limits: ProfileLimits) {
    super(host, handle, limits, true);
  }

  updateDeadline(): void {
    this.deadlineMs = this.retryMs;
  }

  override receive({ buffer, offset, length }: ReceivedPacket, nowMs: number): void {
    if (buffer[offset] !== PacketKind.Stream) {
      this.host.malformed(`Packet ${buffer[offset]} on a stream`);
      return;
    }
    this.number++;
    this.host.onPacketAuthenticated();
    this.reader.start(buffer, offset + 1, offset + length);
    this.readFrames(nowMs);
  }

  protected get datagramEnd(): number {
    return Math.min(this.limits.maxPacketSize, MAX_PACKET_BYTES);
  }

  protected override get isStalled(): boolean {
    return this.#sentTokens.length > 0 && this.isOverdue(this.#waitingMs, this.host.now());
  }

  protected override transmitDatagrams(end: number, queue: DatagramQueue, nowMs: number): void {
    if (this.#sentTokens.length === 0) this.#waitingMs = nowMs;
    const { firstNotify, endNotify, isMidNotify } = queue;
    const open = this.#sentTokens.length + endNotify - firstNotify;
    const isFull = endNotify > firstNotify && open > MAX_NOTIFIES;
    const hasLeft = !isFull && this.host.transmit(this.packet, end, Delivery.Unreliable, 0);
    // The count of the other side has those of which everything has left.
    for (let token = firstNotify; token < endNotify; token++) {
      const isWhole = !(isMidNotify && token === endNotify - 1);
      if (!hasLeft) this.#drop(token);
      else if (isWhole && token !== this.#droppedToken) this.#sentTokens.push(token);
    }
  }

  #drop(token: number): void {
    this.#droppedToken = token;
    this.host.metrics.notifiesDropped++;
    this.tokens.resolve(token, false);
  }

  protected override beginReliable(packet: Uint8Array): number {
    packet[0] = PacketKind.Stream;
    return 1;
  }

  protected override beginControl(packet: Uint8Array): number {
    return this.beginReliable(packet);
  }

  protected override sealReliable(_packet: Uint8Array, _lane: number, end: number): number {
    return end;
  }

  protected override transmitControl(packet: Uint8Array, end: number): void {
    this.host.transmit(packet, end, Delivery.Reliable, 0);
  }

  protected override writeAnswers(packet: Uint8Array, at: number): number {
    if (this.#handedOver === this.#handedOverAnswered) return at;
    this.#handedOverAnswered = this.#handedOver;
    return writeNumberFrame(packet, at, FrameKind.NotifyCount, this.#handedOver);
  }

  protected override readOther(kind: number, nowMs: number): boolean {
    if (kind === FrameKind.NotifyCount) return this.#readCount(nowMs);
    this.host.malformed(`Frame ${kind} on a stream`);
    return false;
  }

  protected override onNotifyRead(_kind: number, result: DatagramResult): void {
    if (result === DatagramResult.Complete) this.#handedOver++;
  }

  #readCount(nowMs: number): boolean {
    const count = (readNumberFrame(this.reader) - this.#delivered) >>> 0;
    if (this.reader.failed) return true;
    if (count > this.#sentTokens.length) {
      this.host.malformed("More notify messages acknowledged than sent");
      return false;
    }
    this.#delivered += count;
    this.#waitingMs = nowMs;
    for (const token of this.#sentTokens.splice(0, count)) this.tokens.resolve(token, true);
    return true;
  }
}
