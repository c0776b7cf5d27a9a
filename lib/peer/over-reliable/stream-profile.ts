import { Delivery, type ReceivedPacket } from "../../socket/index.js";
import { Channel, type NotifyCallbacks } from "../channel.js";
import { NotifyTokens } from "../delivery/notify-tokens.js";
import { readNumberFrame, writeNumberFrame } from "../frames/number-frame.js";
import { FrameKind, PacketKind, ProfileKind, STREAM_LANE } from "../packet-format.js";
import { OverReliableProfile, STREAM_BUFFER_BYTES } from "./over-reliable-profile.js";

/** While the transport holds this much, reliable messages wait here, where more urgent ones can overtake them. */
const LANE_BUFFER_BYTES = 256 * 1024;

/**
 * Over one ordered stream of packets (WebSocket). Everything arrives, so only notify messages are acknowledged, by a
 * running count. Unreliable and notify messages are dropped while the transport holds too much.
 */
export class StreamProfile extends OverReliableProfile {
  readonly kind = ProfileKind.Stream;
  readonly #tokens = new NotifyTokens();
  /** How many notify messages have been handed over here, how many of them were acknowledged, and how many there. */
  #handedOver = 0;
  #handedOverAnswered = 0;
  #delivered = 0;
  /** The place of the next notify message to be sent. */
  #nextToken = 0;
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

  override dispose(): void {
    this.#tokens.loseAll();
  }

  protected override expectNotify(callbacks: NotifyCallbacks): void {
    this.#tokens.push(callbacks);
  }

  protected override isBusy(lane: number): boolean {
    return this.handle.bufferedBytes >= (lane === STREAM_LANE ? STREAM_BUFFER_BYTES : LANE_BUFFER_BYTES);
  }

  protected override sendDatagrams(): void {
    const { datagrams, packet } = this;
    while (datagrams.bytes > 0) {
      const isDropped = this.handle.bufferedBytes > STREAM_BUFFER_BYTES;
      const firstToken = this.#nextToken;
      let at = this.beginControl(packet);
      while (datagrams.bytes > 0 && at + datagrams.nextSize <= this.maxPacketSize) {
        if (datagrams.nextIsNotify) this.#nextToken++;
        const size = datagrams.nextSize;
        datagrams.take(packet, at, size);
        at += size;
      }
      const hasLeft = !isDropped && this.host.transmit(packet, at, Delivery.Unreliable, 0);
      for (let token = firstToken; token < this.#nextToken; token++) {
        if (hasLeft) this.#sentTokens.push(token);
        else this.#tokens.resolve(token, false);
      }
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
        if (!this.readMessage(Channel.Notify, 0, this.maxPacketSize)) return false;
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
    for (const token of this.#sentTokens.splice(0, count)) this.#tokens.resolve(token, true);
    return true;
  }
}
