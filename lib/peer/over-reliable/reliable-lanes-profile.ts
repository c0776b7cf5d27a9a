import { Delivery, type IConnectionHandle, type ReceivedPacket } from "../../socket/index.js";
import type { DatagramQueue } from "../delivery/datagram-queue.js";
import { DatagramResult } from "../delivery/datagram-result.js";
import type { IncompleteMessage } from "../delivery/fragment-assembler.js";
import { AckUrgency, ReceivedPackets } from "../delivery/received-packets.js";
import { AckFrame, MAX_ACK_BYTES } from "../frames/ack-frame.js";
import { writeNumberFrame } from "../frames/number-frame.js";
import { nearestNumber } from "../frames/packet-number.js";
import { writeU32 } from "../integers.js";
import { FrameKind, LANES, PacketKind, ProfileKind, TAG_BYTES } from "../packet-format.js";
import type { PacketSeal, ProfileHost, ProfileLimits } from "../profile.js";
import { OverReliableProfile } from "./over-reliable-profile.js";
import { LARGE_TOKEN, PathProbe } from "./path-probe.js";

/** Kind and packet number. */
const UNRELIABLE_HEADER_BYTES = 5;
const RELIABLE_HEADER_BYTES = 1;
/** The most packets with notify messages in flight. Older ones count as lost. */
const MAX_NOTIFY_PACKETS = 1024;
/**
 * A notify packet counts as lost after this time at the earliest, where nothing later is acknowledged: a receiver may
 * stand still for a moment (RFC 6298, 2.4).
 */
const MIN_NOTIFY_TIMEOUT_MS = 1000;
/** A Ping follows an Ack of more ranges: its Pong says that they need not be repeated (RFC 9000, 13.2.4). */
const MANY_RANGES = 8;

/** A packet with notify messages: its number, and their places in `NotifyTokens`. */
interface NotifyPacket {
  number: number;
  firstToken: number;
  endToken: number;
  sentMs: number;
  isDelivered: boolean;
}

/**
 * Over a transport that has reliable lanes and unreliable messages (GNS). Only notify messages need more: unreliable
 * packets have numbers, and an Ack names those whose notify messages were handed over.
 */
export class ReliableLanesProfile extends OverReliableProfile {
  readonly kind = ProfileKind.ReliableLanes;
  /** The limit of GNS itself is higher. */
  protected readonly laneBufferBytes = 4 * 2 ** 20;
  /** What is lost on such transports delays nothing else. */
  protected readonly isStalled = false;
  protected readonly datagramEnd: number;
  readonly #inFlight: NotifyPacket[] = [];
  readonly #received = new ReceivedPackets(0);
  #ack: AckFrame | null = null;
  /** Of the Ping that follows an Ack: its token, the largest number in that Ack, and when another one may be sent. */
  #ackPing = { token: 0, largest: -1, nextMs: 0 };
  readonly #unreliableSeal: PacketSeal | null;
  readonly #laneSeals: PacketSeal[] | null;
  /** How many reliable packets of each lane were sent, and received: the numbers of the next ones. */
  readonly #laneSent = new Array<number>(LANES).fill(0);
  readonly #laneReceived = new Array<number>(LANES).fill(0);
  #nextNumber = 0;
  readonly #probe: PathProbe;

  /** @param createSeal makes a seal for unreliable packets, and one for each lane; null: unencrypted */
  constructor(
    host: ProfileHost,
    handle: IConnectionHandle,
    limits: ProfileLimits,
    createSeal: ((space: number) => PacketSeal) | null,
    timeoutMs: number,
  ) {
    super(host, handle, limits, false);
    this.datagramEnd = limits.maxPacketSize - (createSeal ? TAG_BYTES : 0);
    this.#probe = new PathProbe(timeoutMs, this.datagramEnd);
    this.#unreliableSeal = createSeal?.(0) ?? null;
    this.#laneSeals = createSeal ? Array.from({ length: LANES }, (_, lane) => createSeal(lane + 1)) : null;
  }

  updateDeadline(): void {
    const oldest = this.#inFlight[0];
    const lossMs = oldest ? oldest.sentMs + this.#notifyTimeoutMs : Number.POSITIVE_INFINITY;
    const { ackDueMs } = this.#received;
    this.deadlineMs = Math.min(this.retryMs, lossMs, ackDueMs, this.datagramReceiver.deadlineMs, this.#probe.dueMs);
  }

  override flush(nowMs: number): void {
    super.flush(nowMs);
    if (nowMs >= this.#probe.dueMs) this.#probePath(nowMs);
    for (let oldest = this.#inFlight[0]; oldest; oldest = this.#inFlight[0]) {
      if (nowMs < oldest.sentMs + this.#notifyTimeoutMs && this.#inFlight.length <= MAX_NOTIFY_PACKETS) return;
      this.#inFlight.shift();
      this.#resolve(oldest, false);
    }
  }

  override receive({ buffer, offset, length, delivery, lane }: ReceivedPacket, nowMs: number): void {
    const isReliable = delivery === Delivery.Reliable;
    if (buffer[offset] !== (isReliable ? PacketKind.Reliable : PacketKind.Unreliable)) {
      this.#drop(isReliable, lane);
      return;
    }
    if (isReliable) this.#receiveReliable(buffer, offset, offset + length, lane, nowMs);
    else this.#receiveUnreliable(buffer, offset, offset + length, nowMs);
  }

  override dispose(): void {
    this.#inFlight.length = 0;
    super.dispose();
  }

  protected override beginReliable(packet: Uint8Array): number {
    packet[0] = PacketKind.Reliable;
    return RELIABLE_HEADER_BYTES;
  }

  protected override sealReliable(packet: Uint8Array, lane: number, end: number): number {
    const number = this.#laneSent[lane] as number;
    this.#laneSent[lane] = number + 1;
    if (this.#probe.dueMs === Number.POSITIVE_INFINITY) this.#probe.start(this.host.now());
    return this.#laneSeals?.[lane]?.seal(number, packet, 0, RELIABLE_HEADER_BYTES, end) ?? end;
  }

  protected override beginControl(packet: Uint8Array): number {
    packet[0] = PacketKind.Unreliable;
    return UNRELIABLE_HEADER_BYTES;
  }

  protected override writeAnswers(packet: Uint8Array, at: number, nowMs: number): number {
    if (this.#received.ackDueMs > nowMs) return at;
    if (this.#received.rangeCount > MANY_RANGES && nowMs >= this.#ackPing.nextMs) {
      this.ping();
      this.#ackPing.token = this.pingToken + 1;
      this.#ackPing.largest = this.#received.largestAcknowledged;
      this.#ackPing.nextMs = nowMs + this.#lossTimeoutMs;
    }
    return this.#received.writeAck(packet, at, at + MAX_ACK_BYTES, nowMs);
  }

  protected override transmitControl(packet: Uint8Array, end: number): void {
    this.#transmitUnreliable(packet, end);
  }

  protected override transmitDatagrams(end: number, queue: DatagramQueue, nowMs: number): void {
    const { firstNotify: firstToken, endNotify: endToken } = queue;
    queue.splitNotify();
    this.#probe.onUnreliableSent(end, nowMs);
    const notify = { number: this.#nextNumber, firstToken, endToken, sentMs: nowMs, isDelivered: false };
    const hasLeft = this.#transmitUnreliable(this.packet, end);
    if (firstToken === endToken) return;
    if (hasLeft) this.#inFlight.push(notify);
    else this.#resolve(notify, false);
  }

  protected override readPong(token: number, nowMs: number): void {
    if (this.reader.failed) return;
    this.#probe.onPong(token);
    if (token === this.#ackPing.token) {
      this.#received.forget(this.#ackPing.largest);
      this.#ackPing.nextMs = nowMs;
    }
    if (this.#probe.isDead) this.host.pathTooSmall(`Packets of ${this.#probe.sizeBytes} bytes do not arrive`);
    else super.readPong(token, nowMs);
  }

  protected override readOther(kind: number, nowMs: number): boolean {
    if (kind === FrameKind.Ack) return this.#readAck(nowMs);
    this.host.malformed(`Frame ${kind} over GNS`);
    return false;
  }

  #receiveReliable(buffer: Uint8Array, start: number, packetEnd: number, lane: number, nowMs: number): void {
    let end = packetEnd;
    if (this.#laneSeals) {
      const number = this.#laneReceived[lane] as number;
      // GNS has 255 lanes, and a man in the middle may use any of them.
      end = this.#laneSeals[lane]?.open(number, buffer, start, RELIABLE_HEADER_BYTES, packetEnd) ?? -1;
      if (end < 0) {
        this.#drop(true, lane);
        return;
      }
      this.#laneReceived[lane] = number + 1;
    }
    this.host.onPacketAuthenticated();
    this.reader.start(buffer, start + RELIABLE_HEADER_BYTES, end);
    this.readFrames(nowMs);
  }

  /**
   * Drops a packet that does not authenticate. Only the other end of GNS's session can send here, and reliable packets
   * come once and in order. So where a reliable packet is not the next one that was sealed, that other end is a man in
   * the middle. The lane could never go on, while pings would keep the connection alive: it ends.
   */
  #drop(isReliable: boolean, lane: number): void {
    this.host.metrics.strayPackets++;
    if (!isReliable || !this.#laneSeals) return;
    const number = this.#laneReceived[lane] ?? 0;
    this.host.tampered(`Reliable packet ${number} of lane ${lane} is not the one that was sent`);
  }

  #receiveUnreliable(buffer: Uint8Array, start: number, packetEnd: number, nowMs: number): void {
    const { reader } = this;
    reader.start(buffer, start + 1, packetEnd);
    const number = nearestNumber(reader.i32(), this.#received.largest + 1);
    let end = packetEnd;
    if (!reader.failed && this.#received.isNew(number)) {
      end = this.#unreliableSeal?.open(number, buffer, start, UNRELIABLE_HEADER_BYTES, packetEnd) ?? packetEnd;
    } else end = -1;
    if (end < 0) {
      this.#drop(false, 0);
      return;
    }
    this.#received.record(number);
    this.host.onPacketAuthenticated();
    this.number = number;
    this.#hasHandedOver = false;
    this.#isRefused = false;
    reader.start(buffer, start + UNRELIABLE_HEADER_BYTES, end);
    this.readFrames(nowMs);
    if (this.#hasHandedOver && !this.#isRefused) this.#received.acknowledge(number, AckUrgency.Normal, nowMs);
  }

  // Of the packet that is being read.
  #hasHandedOver = false;
  #isRefused = false;

  /**
   * A fragment is acknowledged when its message is complete: the other side takes a packet for lost that is older than
   * an acknowledged one.
   */
  protected override onNotifyRead(kind: number, result: DatagramResult, nowMs: number): void {
    if (result === DatagramResult.Dropped) this.#isRefused = true;
    if (result !== DatagramResult.Complete) return;
    this.#hasHandedOver = true;
    if (kind === FrameKind.Notify) return;
    const { count, packets } = this.datagramReceiver.fragmented as IncompleteMessage;
    for (let index = 0; index < count; index++) {
      const number = packets[index] as number;
      if (number !== this.number) this.#received.acknowledge(number, AckUrgency.Normal, nowMs);
    }
  }

  /** A packet older than the newest one acknowledged, and not acknowledged with it, never will be: it is lost. */
  #readAck(nowMs: number): boolean {
    this.#ack ??= new AckFrame();
    const ack = this.#ack;
    if (!ack.read(this.reader, 0, this.#nextNumber)) {
      if (!this.reader.failed) this.host.malformed("An acknowledgement of what was not sent");
      return this.reader.failed;
    }
    const behind = this.#inFlight.findIndex((packet) => packet.number > ack.largest);
    const settled = this.#inFlight.splice(0, behind < 0 ? this.#inFlight.length : behind);
    const newest = settled.at(-1);
    if (newest && newest.number === ack.largest) {
      this.roundTrip.latestMs = nowMs - newest.sentMs - ack.delayMs;
      this.roundTrip.measuredMs = nowMs;
      this.roundTrip.sample();
      this.host.observer?.roundTrip(this.roundTrip.latestMs);
      this.host.metrics.acknowledgeDelayMs = ack.delayMs;
    }
    // Before any callback is called: a callback may lead to the next Ack being read.
    for (const packet of settled) packet.isDelivered = ack.has(packet.number);
    for (const packet of settled) this.#resolve(packet, packet.isDelivered);
    return true;
  }

  #probePath(nowMs: number): void {
    const token = this.#probe.next(this.handle.bufferedBytes, nowMs);
    if (token === 0) return;
    const end = writeNumberFrame(this.packet, this.beginControl(this.packet), FrameKind.Ping, token);
    const size = token === LARGE_TOKEN ? this.#probe.sizeBytes : end;
    this.packet.fill(FrameKind.Padding, end, size);
    this.#transmitUnreliable(this.packet, size);
  }

  #transmitUnreliable(packet: Uint8Array, end: number): boolean {
    const number = this.#nextNumber++;
    writeU32(packet, 1, number);
    const sealed = this.#unreliableSeal?.seal(number, packet, 0, UNRELIABLE_HEADER_BYTES, end) ?? end;
    return this.host.transmit(packet, sealed, Delivery.Unreliable, 0);
  }

  #resolve({ firstToken, endToken }: NotifyPacket, delivered: boolean): void {
    for (let token = firstToken; token < endToken; token++) this.tokens.resolve(token, delivered);
  }

  get #notifyTimeoutMs(): number {
    return Math.max(this.#lossTimeoutMs, MIN_NOTIFY_TIMEOUT_MS);
  }

  get #lossTimeoutMs(): number {
    return 3 * this.roundTrip.lossDelayBaseMs;
  }
}
