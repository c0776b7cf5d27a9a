import { Delivery, type ReceivedPacket } from "../../socket/index.js";
import { Channel } from "../channel.js";
import { readNumberFrame, writeNumberFrame } from "../frames/number-frame.js";
import { FrameKind, PacketKind, ProfileKind } from "../packet-format.js";
import { OverReliableProfile, STREAM_BUFFER_BYTES } from "./over-reliable-profile.js";

/** Notify messages that may wait to be acknowledged. More are dropped, and lost, until the other side answers. */
const MAX_NOTIFIES = 8192;

/**
 * Over one ordered stream of packets (WebSocket). Everything arrives, so only notify messages are acknowledged, by a
 * running count. Unreliable and notify messages are dropped while the transport holds too much.
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

  updateDeadline(): void {
    this.deadlineMs = this.retryMs;
  }

  override receive({ buffer, offset, length }: ReceivedPacket, nowMs: number): void {
    if (buffer[offset] !== PacketKind.Stream) {
      this.host.malformed(`Packet ${buffer[offset]} on a stream`);
      return;
    }
    this.host.onPacketAuthenticated();
    this.reader.start(buffer, offset + 1, offset + length);
    this.readFrames(nowMs);
  }

  protected get datagramEnd(): number {
    return this.limits.maxPacketSize;
  }

  protected override transmitDatagrams(end: number, firstToken: number, endToken: number): void {
    const open = this.#sentTokens.length + endToken - firstToken;
    const isDropped = this.handle.bufferedBytes > STREAM_BUFFER_BYTES || (endToken > firstToken && open > MAX_NOTIFIES);
    const hasLeft = !isDropped && this.host.transmit(this.packet, end, Delivery.Unreliable, 0);
    for (let token = firstToken; token < endToken; token++) {
      if (hasLeft) this.#sentTokens.push(token);
      else this.tokens.resolve(token, false);
    }
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

  protected override readOther(kind: number): boolean {
    switch (kind) {
      case FrameKind.Notify:
        if (!this.readMessage(Channel.Notify, 0, this.limits.maxPacketSize)) return false;
        this.#handedOver++;
        return true;
      case FrameKind.NotifyCount:
        return this.#readCount();
      default:
        this.host.malformed(`Frame ${kind} on a stream`);
        return false;
    }
  }

  #readCount(): boolean {
    const count = (readNumberFrame(this.reader) - this.#delivered) >>> 0;
    if (this.reader.failed) return true;
    if (count > this.#sentTokens.length) {
      this.host.malformed("More notify messages acknowledged than sent");
      return false;
    }
    this.#delivered += count;
    for (const token of this.#sentTokens.splice(0, count)) this.tokens.resolve(token, true);
    return true;
  }
}
