import { Delivery, type IConnectionHandle, type ReceivedPacket } from "../../socket/index.js";
import { Channel, type Notify } from "../channel.js";
import { MessageBuffer } from "../collections/message-buffer.js";
import { DatagramQueue } from "../delivery/datagram-queue.js";
import { channelOf, DatagramReceiver, isDatagram } from "../delivery/datagram-receiver.js";
import { DatagramResult } from "../delivery/datagram-result.js";
import { FrameQueue } from "../delivery/frame-queue.js";
import type { NotifyTokens } from "../delivery/notify-tokens.js";
import { RoundTripEstimator } from "../delivery/round-trip-estimator.js";
import { MAX_MESSAGE_HEAD_BYTES, MessageFrame } from "../frames/message-frame.js";
import { readNumberFrame, writeNumberFrame } from "../frames/number-frame.js";
import { PacketReader } from "../frames/packet-reader.js";
import { DATAGRAMS, type PacketObserver } from "../observer.js";
import { CONTROL_LANE, FrameKind, LANES, type ProfileKind, STREAM_LANE, TAG_BYTES } from "../packet-format.js";
import {
  DATAGRAM_QUEUE_BYTES,
  type Profile,
  type ProfileHost,
  type ProfileLimits,
  type SendBudget,
} from "../profile.js";
import { takeForMessage } from "../reassembly.js";

/** The largest packet, which the messages of a flush share. A larger one would delay a more urgent lane. */
export const MAX_PACKET_BYTES = 16 * 1024;
/** While the transport holds this much, streams wait, so that they delay nothing else. */
export const STREAM_BUFFER_BYTES = 64 * 1024;
/**
 * A stream hides how much of what it took it has not carried yet. While messages with an age are sent, the other side
 * is asked so often for a sign,
 */
const ASK_MS = 200;
/**
 * and where that is later than this, beyond a round trip and a half, what follows waits here, where it can expire. Less
 * would hold back the very packets by which TCP notices a loss before its timeout: with 300 ms and 10 % of loss in each
 * direction 44 % of the voice expired here.
 */
const STALL_MS = 1000;
/** A full transport is asked again after this time, where it does not tell. */
const RETRY_MS = 5;
/** Where the frames of a reliable packet end. */
const RELIABLE_END = MAX_PACKET_BYTES - TAG_BYTES;
/** The most bytes of a message in a packet, behind the kind of the packet and the head of the frame. */
const PART_BYTES = RELIABLE_END - 1 - MAX_MESSAGE_HEAD_BYTES;

/** Of all connections: a packet is written and handed to its socket, which copies it, in one go. */
const shared = new Uint8Array(MAX_PACKET_BYTES);

/** What the profiles over reliable transports have in common: queues, packets with several messages, pings. */
export abstract class OverReliableProfile implements Profile {
  abstract readonly kind: ProfileKind;
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly isCloseConfirmed = true;
  protected readonly host: ProfileHost;
  protected readonly handle: IConnectionHandle;
  protected readonly limits: ProfileLimits;
  protected readonly packet = shared;
  protected readonly reader = new PacketReader();
  readonly #message = new MessageFrame();
  protected readonly datagramReceiver: DatagramReceiver;
  /** The number of the packet that is being read, among those with unreliable messages. */
  protected number = -1;
  readonly #datagramQueue: DatagramQueue;
  protected readonly tokens: NotifyTokens;
  protected readonly roundTrip: RoundTripEstimator;
  /** When the transport is asked again whether it has room. */
  protected retryMs = Number.POSITIVE_INFINITY;
  readonly #lanes: FrameQueue[];
  /** Of each lane, the parts of a message that have come; null until there are some: few messages come in parts. */
  readonly #parts: (MessageBuffer | null)[] = new Array(LANES).fill(null);
  /** Of each lane, a sealed packet that the transport has refused. Its number is used, so it has to be the next one. */
  readonly #refused: (Uint8Array | null)[] = new Array(LANES).fill(null);
  #hasRefusedMessage = false;
  #pingAsked = false;
  #pingSentMs = 0;
  /** Of the last Ping. */
  protected pingToken = 0;
  #pongToken = -1;
  /** When the first Ping was sent that has no answer yet, and the last one. */
  #unansweredMs = Number.POSITIVE_INFINITY;
  #askedMs = Number.NEGATIVE_INFINITY;
  readonly #isOrdered: boolean;
  readonly #budget: SendBudget = { bytesPerSecond: 0, bytesFree: 0 };

  /** @param isOrdered everything arrives in order, or not at all */
  constructor(host: ProfileHost, handle: IConnectionHandle, limits: ProfileLimits, isOrdered: boolean) {
    this.host = host;
    this.handle = handle;
    this.limits = limits;
    this.roundTrip = new RoundTripEstimator(host.metrics);
    this.#isOrdered = isOrdered;
    this.datagramReceiver = new DatagramReceiver(host, 0, isOrdered);
    this.#datagramQueue = new DatagramQueue(host);
    this.tokens = this.#datagramQueue.tokens;
    this.#lanes = Array.from({ length: LANES }, () => new FrameQueue(limits.maxQueuedBytes));
  }

  get roundTripTimeMs(): number {
    return this.roundTrip.smoothedMs;
  }

  get measuredMs(): number {
    return this.roundTrip.measuredMs;
  }

  get bufferedBytes(): number {
    return this.#queuedBytes() + this.#datagramQueue.bytes + this.handle.bufferedBytes;
  }

  /** The same object each time. */
  get sendBudget(): SendBudget {
    this.#budget.bytesPerSecond = this.handle.bytesPerSecond;
    this.#budget.bytesFree = this.handle.isCongested || this.isStalled ? 0 : this.#bytesFree;
    return this.#budget;
  }

  get isDrained(): boolean {
    return this.#queuedBytes() === 0 && this.handle.bufferedBytes === 0;
  }

  queuedBytes(lane: number): number {
    return (this.#lanes[lane] as FrameQueue).bytes;
  }

  queueEnd(queue: number): number {
    const one = queue === DATAGRAMS ? this.#datagramQueue : (this.#lanes[queue] as FrameQueue);
    return one.takenBytes + one.bytes;
  }

  send(channel: Channel, lane: number, bytes: Uint8Array, offset: number, length: number, notify: Notify): boolean {
    const isTaken =
      channel === Channel.Reliable
        ? this.#queue(lane, bytes, offset, length)
        : this.#datagramQueue.send(channel, lane, bytes, offset, length, notify);
    if (!isTaken) this.#hasRefusedMessage = true;
    return isTaken;
  }

  ping(): void {
    this.#pingAsked = true;
  }

  respond(nowMs: number): void {
    this.#sendControl(nowMs);
  }

  flush(nowMs: number): void {
    this.retryMs = Number.POSITIVE_INFINITY;
    this.datagramReceiver.expire(nowMs);
    this.#sendControl(nowMs);
    this.#sendLane(CONTROL_LANE, nowMs);
    this.#sendDatagrams(nowMs);
    for (let lane = 0; lane <= STREAM_LANE; lane++) this.#sendLane(lane, nowMs);
    this.#datagramQueue.tellExpired();
    this.host.observer?.flushed(this.#datagramQueue.bytes + this.#queuedBytes() > 0 ? "transport" : null);
    if (this.#hasRefusedMessage && this.#isHalfEmpty) {
      this.#hasRefusedMessage = false;
      this.host.drained();
    }
  }

  close(): void {}

  dispose(): void {
    this.tokens.loseAll();
  }

  abstract receive(packet: ReceivedPacket, nowMs: number): void;
  abstract updateDeadline(): void;

  /** While the transport holds this much, reliable messages wait here, where more urgent ones can overtake them. */
  protected abstract readonly laneBufferBytes: number;
  /** Nothing that is sent now arrives soon, though the transport takes it. */
  protected abstract readonly isStalled: boolean;
  /** Where the frames of a packet with unreliable, notify and sequenced messages have to end. */
  protected abstract readonly datagramEnd: number;
  /** Sends a packet with such messages, and remembers or resolves the notify messages that `queue` has put into it. */
  protected abstract transmitDatagrams(end: number, queue: DatagramQueue, nowMs: number): void;
  /** A Notify frame, or a fragment of one, was read. */
  protected abstract onNotifyRead(kind: number, result: DatagramResult, nowMs: number): void;
  /** Writes what stands before the frames of a reliable packet; gives the end. */
  protected abstract beginReliable(packet: Uint8Array): number;
  /** Seals a reliable packet that ends at `end`; gives its new end. */
  protected abstract sealReliable(packet: Uint8Array, lane: number, end: number): number;
  /** Writes acknowledgements that are due; gives the end. */
  protected abstract writeAnswers(packet: Uint8Array, at: number, nowMs: number): number;
  protected abstract transmitControl(packet: Uint8Array, end: number): void;
  protected abstract beginControl(packet: Uint8Array): number;
  /** @returns false: stop reading */
  protected abstract readOther(kind: number, nowMs: number): boolean;

  /** Sends acknowledgements, Pongs and Pings, before everything else. */
  #sendControl(nowMs: number): void {
    const start = this.beginControl(this.packet);
    let at = this.writeAnswers(this.packet, start, nowMs);
    if (this.#pongToken >= 0) {
      at = writeNumberFrame(this.packet, at, FrameKind.Pong, this.#pongToken);
      this.#pongToken = -1;
    }
    if (this.#pingAsked) at = this.#writePing(at, nowMs);
    if (at > start) this.transmitControl(this.packet, at);
  }

  #writePing(at: number, nowMs: number): number {
    this.#pingAsked = false;
    this.#pingSentMs = this.#askedMs = nowMs;
    this.#unansweredMs = Math.min(this.#unansweredMs, nowMs);
    this.pingToken = (this.pingToken + 1) >>> 0;
    return writeNumberFrame(this.packet, at, FrameKind.Ping, this.pingToken);
  }

  /** Reads all frames of the reader. `readOther` gets those that only one profile has. */
  protected readFrames(nowMs: number): void {
    const { reader } = this;
    while (reader.remaining > 0) {
      const kind = reader.u8();
      if (!this.#readFrame(kind, nowMs)) return;
      if (reader.failed) {
        this.host.malformed(`Frame ${kind} is cut off`);
        return;
      }
    }
  }

  /** Reads a reliable message and hands it on. */
  #readMessage(lane: number): boolean {
    const { reader } = this;
    const limit = this.limits.maxReliableMessageSize;
    const frame = this.#message;
    const isWhole = frame.read(reader);
    if (frame.length > limit) {
      this.host.malformed(`A message of ${frame.length} bytes, over the limit of ${limit}`);
      return false;
    }
    return !isWhole || this.host.deliver(Channel.Reliable, lane, reader.buffer, frame.start, frame.length);
  }

  #readFrame(kind: number, nowMs: number): boolean {
    const { reader } = this;
    if (kind >= FrameKind.Message && kind < FrameKind.Message + LANES)
      return this.#readReliable(kind - FrameKind.Message);
    if (kind >= FrameKind.MessagePart && kind < FrameKind.MessagePart + LANES) {
      return this.#readPart(kind - FrameKind.MessagePart);
    }
    if (isDatagram(kind)) return this.#readDatagram(kind, nowMs);
    switch (kind) {
      case FrameKind.Padding:
        return true;
      case FrameKind.Ping:
        this.#pongToken = readNumberFrame(reader);
        return true;
      case FrameKind.Pong:
        this.readPong(readNumberFrame(reader), nowMs);
        return true;
      default:
        return this.readOther(kind, nowMs);
    }
  }

  protected readPong(token: number, nowMs: number): void {
    // The answer to an earlier Ping, too, says that the line carries something.
    this.#unansweredMs = token === this.pingToken ? Number.POSITIVE_INFINITY : this.#askedMs;
    if (token !== this.pingToken || this.reader.failed || this.#pingSentMs === 0) return;
    this.roundTrip.latestMs = nowMs - this.#pingSentMs;
    this.roundTrip.measuredMs = nowMs;
    this.roundTrip.sample();
    this.host.observer?.roundTrip(this.roundTrip.latestMs);
    this.#pingSentMs = 0;
  }

  #readDatagram(kind: number, nowMs: number): boolean {
    const { reader } = this;
    const result = this.datagramReceiver.read(kind, reader, this.number, nowMs);
    if (result === DatagramResult.Malformed && !reader.failed) this.host.malformed(`Malformed frame of kind ${kind}`);
    if (result >= DatagramResult.Stopped) return reader.failed;
    if (channelOf(kind) === Channel.Notify) this.onNotifyRead(kind, result, nowMs);
    return true;
  }

  #readReliable(lane: number): boolean {
    const { reader } = this;
    const parts = this.#parts[lane];
    if (!parts?.size) return this.#readMessage(lane);
    if (!this.#readPart(lane) || reader.failed) return false;
    const { bytes, size } = parts;
    const { reassembly } = this.host;
    reassembly.giveBack(parts.clear(reassembly.isTrusted));
    return this.host.deliver(Channel.Reliable, lane, bytes, 0, size);
  }

  #readPart(lane: number): boolean {
    const frame = this.#message;
    if (!frame.read(this.reader)) return true;
    this.#parts[lane] ??= new MessageBuffer();
    const parts = this.#parts[lane];
    const limit = Math.min(this.limits.maxReliableMessageSize, this.host.reassembly.maxBytes);
    if (parts.size + frame.length > limit) {
      this.host.malformed("A message over the limit");
      return false;
    }
    return takeForMessage(this.host, parts.append(this.reader.buffer, frame.start, frame.length, limit));
  }

  /** Queues all of a message or nothing: in parts, where it is larger than a packet. */
  #queue(lane: number, bytes: Uint8Array, offset: number, length: number): boolean {
    const queue = this.#lanes[lane] as FrameQueue;
    if (length <= PART_BYTES) return queue.push(FrameKind.Message + lane, bytes, offset, length);
    const parts = Math.ceil(length / PART_BYTES);
    if (queue.bytes + length + parts * MAX_MESSAGE_HEAD_BYTES > this.limits.maxQueuedBytes) return false;
    let at = offset;
    for (const end = offset + length; end - at > PART_BYTES; at += PART_BYTES) {
      queue.push(FrameKind.MessagePart + lane, bytes, at, PART_BYTES);
    }
    return queue.push(FrameKind.Message + lane, bytes, at, offset + length - at);
  }

  #sendDatagrams(nowMs: number): void {
    const datagrams = this.#datagramQueue;
    datagrams.dropExpired(nowMs);
    while (datagrams.bytes > 0) {
      if (this.handle.isCongested && !datagrams.isMidMessage) {
        this.#retry(nowMs);
        return;
      }
      let at = this.beginControl(this.packet);
      if (this.#isOrdered && datagrams.isOldestAged && !datagrams.isMidMessage) {
        if (this.isOverdue(this.#unansweredMs, nowMs)) return; // until the answer comes
        if (nowMs - this.#askedMs >= ASK_MS) at = this.#writePing(at, nowMs);
      }
      const taken = this.host.observer ? datagrams.takenBytes : 0;
      const end = datagrams.take(this.packet, at, this.datagramEnd);
      if (this.host.observer) this.#tellSent(this.host.observer, DATAGRAMS, taken, end - at, end);
      this.transmitDatagrams(end, datagrams, nowMs);
    }
  }

  /** Whether the answer to what was sent then is so late that the path has stopped. */
  protected isOverdue(sentMs: number, nowMs: number): boolean {
    return nowMs - sentMs > 1.5 * this.roundTrip.smoothedMs + STALL_MS;
  }

  #sendLane(lane: number, nowMs: number): void {
    const queue = this.#lanes[lane] as FrameQueue;
    const refused = this.#refused[lane];
    if (refused) {
      if (!this.host.transmit(refused, refused.length, Delivery.Reliable, lane)) {
        this.#retry(nowMs);
        return;
      }
      this.#refused[lane] = null;
    }
    while (queue.bytes > 0) {
      if (this.handle.bufferedBytes >= (lane === STREAM_LANE ? STREAM_BUFFER_BYTES : this.laneBufferBytes)) {
        this.#retry(nowMs);
        return;
      }
      const taken = this.host.observer ? queue.takenBytes : 0;
      const end = queue.take(this.packet, this.beginReliable(this.packet), RELIABLE_END);
      const sealed = this.sealReliable(this.packet, lane, end);
      if (this.host.observer) this.#tellSent(this.host.observer, lane, taken, queue.takenBytes - taken, sealed);
      if (!this.host.transmit(this.packet, sealed, Delivery.Reliable, lane)) {
        this.#refused[lane] = this.packet.slice(0, sealed);
        this.#retry(nowMs);
        return;
      }
    }
  }

  #tellSent(observer: PacketObserver, queue: number, start: number, length: number, size: number): void {
    observer.packetSent(-1, size, "messages", [{ queue, start, end: start + length }]);
  }

  #retry(nowMs: number): void {
    this.retryMs = nowMs + RETRY_MS;
  }

  get #bytesFree(): number {
    const reliable = this.limits.maxQueuedBytes - this.#queuedBytes();
    return Math.max(Math.min(reliable, DATAGRAM_QUEUE_BYTES - this.#datagramQueue.bytes), 0);
  }

  get #isHalfEmpty(): boolean {
    if (this.#datagramQueue.bytes > DATAGRAM_QUEUE_BYTES / 2) return false;
    return this.#queuedBytes() <= this.limits.maxQueuedBytes / 2;
  }

  #queuedBytes(): number {
    let bytes = 0;
    for (let lane = 0; lane < LANES; lane++) {
      bytes += (this.#lanes[lane] as FrameQueue).bytes + (this.#refused[lane]?.length ?? 0);
    }
    return bytes;
  }
}
