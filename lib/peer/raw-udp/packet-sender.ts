import { Delivery } from "../../socket/index.js";
import { Channel, type NotifyCallbacks } from "../channel.js";
import type { AckFrame } from "../delivery/ack-frame.js";
import { FrameQueue } from "../delivery/frame-queue.js";
import { NotifyTokens } from "../delivery/notify-tokens.js";
import { MAX_ACK_BYTES, type ReceivedPackets } from "../delivery/received-packets.js";
import { RoundTripEstimator } from "../delivery/round-trip-estimator.js";
import {
  CONTROL_LANE,
  DATA_HEADER_BYTES,
  FrameKind,
  LANES,
  PacketKind,
  STREAM_LANE,
  TAG_BYTES,
} from "../packet-format.js";
import type { PacketSeal, ProfileHost } from "../profile.js";
import { varintSize, writeU32 } from "../varint.js";
import { CongestionController } from "./congestion-controller.js";
import type { RawUdpCounters } from "./counters.js";
import { DeliveryRate } from "./delivery-rate.js";
import { LaneSender } from "./lane-sender.js";
import { LANE_WINDOW_BYTES } from "./lanes.js";
import { LossDetection } from "./loss-detection.js";
import { Pacer } from "./pacer.js";
import { DEFAULT_LIMITS, type RawUdpOptions } from "./raw-udp-options.js";
import { PacketState, SentPackets } from "./sent-packets.js";

/** Silence is answered with two packets: one of them may be lost too. */
const PROBE_PACKETS = 2;
/** Lost packets are remembered for so many round trips, in case that they were only late. */
const REMEMBERED_ROUND_TRIPS = 4;
/** Of this many numbers, about one is left out: who acknowledges it acknowledges what he has not received. */
const SKIP_INTERVAL = 1000;
/** Kind and token. */
const PING_BYTES = 5;
/** Header, an Ack frame at its largest, tag, and a piece of a lane worth the trouble. */
const MIN_PACKET_SIZE = DATA_HEADER_BYTES + MAX_ACK_BYTES + TAG_BYTES + 64;

/** The sending half of a connection over raw datagrams: queues, packets in flight, losses, and when to send what. */
export class PacketSender {
  readonly roundTrip: RoundTripEstimator;
  readonly controller: CongestionController;
  readonly packets: SentPackets;
  isCloseConfirmed = false;
  readonly #lanes: LaneSender[] = [];
  readonly #datagrams: FrameQueue;
  readonly #tokens = new NotifyTokens();
  readonly #loss: LossDetection;
  readonly #delivery = new DeliveryRate();
  readonly #pacer: Pacer;
  readonly #host: ProfileHost;
  readonly #received: ReceivedPackets;
  readonly #counters: RawUdpCounters;
  readonly #seal: PacketSeal | null;
  readonly #random: () => number;
  readonly #maxQueuedBytes: number;
  readonly #maxQueuedDatagramBytes: number;
  /** The packet that is being made, or that the socket has not taken yet. */
  readonly #packet: Uint8Array;
  /** Bytes of the packet that the socket has not taken, 0: none. */
  #stalledBytes = 0;
  /** Place of the next notify message to leave. */
  #nextNotify = 0;
  #nextSkip: number;
  #pingToken = 0;
  #isPingDue = false;
  #closeFrame: Uint8Array | null = null;
  #closeDueMs = Number.POSITIVE_INFINITY;
  /** Bit `lane` and, for datagrams, bit `LANES`: a queue that refused a message. */
  #refused = 0;
  /** Packets sent before a pause of our own measure no round trip. */
  #measureFromMs = Number.NEGATIVE_INFINITY;

  constructor(host: ProfileHost, received: ReceivedPackets, counters: RawUdpCounters, options: RawUdpOptions) {
    const { firstNumber = 0, maxPacketSize, random = Math.random, roundTripTimeMs = 0 } = options;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    if (maxPacketSize < MIN_PACKET_SIZE || maxPacketSize > 0xffff) {
      throw new RangeError(`A packet has ${MIN_PACKET_SIZE} to 65535 bytes at most, not ${maxPacketSize}`);
    }
    this.#host = host;
    this.#received = received;
    this.#counters = counters;
    this.#seal = options.seal;
    this.#random = random;
    this.#maxQueuedBytes = limits.maxQueuedBytes;
    this.#maxQueuedDatagramBytes = limits.maxQueuedDatagramBytes;
    this.#packet = new Uint8Array(maxPacketSize);
    this.#packet[0] = PacketKind.Data;
    writeU32(this.#packet, 1, options.sessionId);
    for (let lane = 0; lane < LANES; lane++) {
      this.#lanes.push(new LaneSender(lane, firstNumber, LANE_WINDOW_BYTES[lane] as number, limits.maxQueuedBytes));
    }
    this.#datagrams = new FrameQueue(limits.maxQueuedDatagramBytes);
    this.packets = new SentPackets(firstNumber);
    this.roundTrip = new RoundTripEstimator(roundTripTimeMs);
    this.#loss = new LossDetection(this.packets, this.roundTrip);
    this.controller = new CongestionController(maxPacketSize, roundTripTimeMs, random);
    this.#pacer = new Pacer(maxPacketSize);
    this.#nextSkip = firstNumber + this.#skipDistance();
  }

  /** Takes a message; false: its queue is full. */
  send(
    channel: Channel,
    lane: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    notify: NotifyCallbacks | null,
  ): boolean {
    if (channel === Channel.Reliable) {
      if ((this.#lanes[lane] as LaneSender).push(bytes, offset, length)) return true;
      this.#refused |= 1 << lane;
      return false;
    }
    if (1 + varintSize(length) + length > this.#contentEnd - DATA_HEADER_BYTES) {
      throw new RangeError(`A message of ${length} bytes does not fit a packet`);
    }
    const kind = channel === Channel.Notify ? FrameKind.Notify : FrameKind.Unreliable;
    if (!this.#datagrams.push(kind, bytes, offset, length)) {
      this.#refused |= 1 << LANES;
      return false;
    }
    if (kind === FrameKind.Notify) this.#tokens.push(notify);
    return true;
  }

  ping(): void {
    this.#isPingDue = true;
  }

  /** From now on, only `frame` leaves, a Close frame, until it is acknowledged; and acknowledgements. */
  close(frame: Uint8Array, nowMs: number): void {
    this.#closeFrame = frame;
    this.#closeDueMs = nowMs;
    this.flush(nowMs);
  }

  dispose(): void {
    this.#tokens.loseAll();
  }

  /** Time has jumped. */
  paused(nowMs: number): void {
    this.#measureFromMs = nowMs;
  }

  get bufferedBytes(): number {
    let bytes = this.#datagrams.bytes;
    for (const lane of this.#lanes) bytes += lane.queuedBytes;
    return bytes;
  }

  laneUnsentBytes(lane: number): number {
    return (this.#lanes[lane] as LaneSender).unsentBytes;
  }

  get unsentBytes(): number {
    let bytes = this.#datagrams.bytes;
    for (const lane of this.#lanes) bytes += lane.unsentBytes;
    return bytes;
  }

  get isDrained(): boolean {
    return this.#lanes.every((lane) => lane.queuedBytes === 0);
  }

  /** Bytes that may leave at once. */
  get allowanceBytes(): number {
    const { windowBytes, bytesPerMs } = this.controller;
    return Math.max(Math.min(windowBytes - this.packets.bytesInFlight, this.#pacer.burstBytes(bytesPerMs)), 0);
  }

  get nextDeadlineMs(): number {
    // The socket says when it takes packets again.
    if (this.#stalledBytes > 0) return Number.POSITIVE_INFINITY;
    const { ackDueMs } = this.#received;
    if (this.#closeFrame) return Math.min(ackDueMs, this.#closeDueMs);
    if (this.#isPingDue) return Number.NEGATIVE_INFINITY;
    const deadlineMs = Math.min(ackDueMs, this.#loss.deadlineMs);
    if (!this.#isReady || this.packets.bytesInFlight >= this.controller.windowBytes) return deadlineMs;
    return Math.min(deadlineMs, this.#pacer.nextMs(this.controller.bytesPerMs));
  }

  /** Takes an acknowledgement. @returns false: of a number that was left out */
  acknowledge(frame: AckFrame, nowMs: number): boolean {
    const { packets } = this;
    let newest = -1;
    for (let range = frame.rangeCount - 1; range >= 0; range--) {
      const last = frame.last[range] as number;
      for (let number = Math.max(frame.first[range] as number, packets.oldest); number <= last; number++) {
        const index = packets.index(number);
        const state = packets.state[index] as PacketState;
        if (state === PacketState.Settled) continue;
        if (state === PacketState.Skipped) return false;
        if (state === PacketState.Lost) {
          packets.state[index] = PacketState.Settled;
          this.#counters.packetsLate++;
          this.#loss.wasLate(nowMs - (packets.sentMs[index] as number));
        } else {
          packets.land(index, PacketState.Settled);
          this.#loss.acknowledged(number);
          newest = number;
        }
        this.#delivery.acknowledged(packets, number, index, nowMs);
        this.#settle(index);
      }
    }
    if (newest >= 0) this.#measure(frame, newest, nowMs);
    this.#tellDrained();
    return true;
  }

  /** Sends acknowledgements that are due. */
  respond(nowMs: number): void {
    if (nowMs >= this.#received.ackDueMs && this.#retry()) this.#sendPacket(nowMs, false);
  }

  flush(nowMs: number): void {
    if (!this.#retry()) return;
    if (this.#closeFrame) this.#repeatClose(nowMs);
    else this.#sendContent(nowMs);
    this.respond(nowMs);
  }

  #sendContent(nowMs: number): void {
    this.#detectLosses(nowMs);
    const { controller, packets } = this;
    let forced = this.#isPingDue ? 1 : 0;
    if (this.#loss.probe(nowMs)) {
      this.#queueProbes();
      forced = PROBE_PACKETS;
    }
    this.#pacer.advance(nowMs, controller.bytesPerMs);
    while (this.#stalledBytes === 0) {
      const mayLeave = packets.bytesInFlight < controller.windowBytes && this.#pacer.allowanceBytes > 0;
      if (!(this.#isReady || this.#isPingDue) || (forced <= 0 && !mayLeave)) break;
      this.#sendPacket(nowMs, true);
      forced--;
    }
    if (!this.#isReady && packets.bytesInFlight < controller.windowBytes) {
      this.#delivery.appIsLimit(packets.bytesInFlight);
    }
    this.#tellDrained();
  }

  #repeatClose(nowMs: number): void {
    if (this.isCloseConfirmed || nowMs < this.#closeDueMs) return;
    this.#sendPacket(nowMs, true);
    this.#closeDueMs = nowMs + this.roundTrip.patienceMs;
  }

  get #isReady(): boolean {
    if (this.#datagrams.bytes > 0) return true;
    for (let lane = 0; lane < LANES; lane++) if ((this.#lanes[lane] as LaneSender).isReady) return true;
    return false;
  }

  /** Where the frames of a packet have to end. */
  get #contentEnd(): number {
    return this.#packet.length - (this.#seal ? TAG_BYTES : 0);
  }

  #skipDistance(): number {
    return Math.floor((0.5 + this.#random()) * SKIP_INTERVAL);
  }

  /** Sends a packet: an acknowledgement if one waits, and, `withContent`, what is most urgent. */
  #sendPacket(nowMs: number, withContent: boolean): void {
    const { packets } = this;
    this.#makeRoom();
    if (withContent && packets.next >= this.#nextSkip) {
      packets.state[packets.begin()] = PacketState.Skipped;
      this.#nextSkip = packets.next + this.#skipDistance();
    }
    const number = packets.next;
    const index = packets.begin();
    const buffer = this.#packet;
    writeU32(buffer, DATA_HEADER_BYTES - 4, number);
    let content = DATA_HEADER_BYTES;
    if (this.#received.ackDueMs < Number.POSITIVE_INFINITY) {
      packets.acknowledged[index] = this.#received.largestAcknowledged;
      content = this.#received.writeAck(buffer, content, this.#contentEnd, nowMs);
    }
    const end = withContent ? this.#writeContent(index, content) : content;
    const size = this.#seal ? this.#seal.seal(number, buffer, 0, DATA_HEADER_BYTES, end) : end;
    if (end > content) {
      this.#delivery.sent(packets, index, nowMs);
      packets.launch(index, size, nowMs);
      this.#loss.lastSentMs = nowMs;
      this.#pacer.spend(size);
    }
    this.#counters.packetsSent++;
    this.#counters.bytesSent += size;
    if (!this.#host.transmit(buffer, size, Delivery.Unreliable, 0)) this.#stalledBytes = size;
  }

  /** The packet that the socket has not taken goes again as it is: its number must not seal anything else. */
  #retry(): boolean {
    if (this.#stalledBytes === 0) return true;
    if (!this.#host.transmit(this.#packet, this.#stalledBytes, Delivery.Unreliable, 0)) return false;
    this.#stalledBytes = 0;
    return true;
  }

  #writeContent(index: number, start: number): number {
    const buffer = this.#packet;
    if (this.#closeFrame) {
      buffer.set(this.#closeFrame, start);
      this.packets.hasClose[index] = 1;
      return start + this.#closeFrame.length;
    }
    let at = start;
    if (this.#isPingDue) {
      buffer[at] = FrameKind.Ping;
      writeU32(buffer, at + 1, ++this.#pingToken);
      at += PING_BYTES;
      this.#isPingDue = false;
    }
    at = this.#writeLane(index, CONTROL_LANE, at);
    at = this.#writeDatagrams(index, at);
    for (let lane = 0; lane <= STREAM_LANE; lane++) at = this.#writeLane(index, lane, at);
    return at;
  }

  #writeLane(index: number, lane: number, at: number): number {
    const sender = this.#lanes[lane] as LaneSender;
    if (!sender.isReady) return at;
    const end = sender.writeFrame(this.#packet, at, this.#contentEnd);
    if (end === at) return at;
    this.packets.laneStart[index * LANES + lane] = sender.pieceStart;
    this.packets.laneLength[index * LANES + lane] = sender.pieceLength;
    return end;
  }

  #writeDatagrams(index: number, start: number): number {
    const datagrams = this.#datagrams;
    let at = start;
    const firstNotify = this.#nextNotify;
    for (let size = datagrams.nextSize; size > 0 && at + size <= this.#contentEnd; size = datagrams.nextSize) {
      if (datagrams.nextIsNotify) this.#nextNotify++;
      datagrams.take(this.#packet, at, size);
      at += size;
    }
    this.packets.firstNotify[index] = firstNotify;
    this.packets.notifyCount[index] = this.#nextNotify - firstNotify;
    return at;
  }

  /** What was in a packet has arrived. */
  #settle(index: number): void {
    const { packets } = this;
    for (let lane = 0; lane < LANES; lane++) {
      const length = packets.laneLength[index * LANES + lane] as number;
      if (length === 0) continue;
      const start = packets.laneStart[index * LANES + lane] as number;
      (this.#lanes[lane] as LaneSender).acknowledge(start, start + length);
    }
    if (packets.hasClose[index] === 1) this.isCloseConfirmed = true;
    const acknowledged = packets.acknowledged[index] as number;
    if (acknowledged >= 0) this.#received.forget(acknowledged);
    this.#resolveNotifies(index, true);
  }

  #resolveNotifies(index: number, delivered: boolean): void {
    const first = this.packets.firstNotify[index] as number;
    const end = first + (this.packets.notifyCount[index] as number);
    for (let place = first; place < end; place++) this.#tokens.resolve(place, delivered);
  }

  #measure(frame: AckFrame, newest: number, nowMs: number): void {
    const { controller, packets, roundTrip } = this;
    const sentMs = packets.sentMs[packets.index(newest)] as number;
    if (newest === frame.largest && sentMs >= this.#measureFromMs) {
      roundTrip.sample(nowMs - sentMs, frame.delayMs);
      controller.roundTrip(roundTrip.latestMs, nowMs);
    }
    this.#delivery.measure(nowMs, controller.shortestMs);
    const { bytesInFlight } = packets;
    if (controller.acknowledged(this.#delivery, bytesInFlight, roundTrip.latestMs, nowMs)) this.#loss.endRound();
    packets.retire(nowMs - REMEMBERED_ROUND_TRIPS * roundTrip.expectedMs, this.#loss.largestAcknowledged);
  }

  #detectLosses(nowMs: number): void {
    for (let number = this.#loss.nextLost(nowMs); number >= 0; number = this.#loss.nextLost(nowMs)) this.#lose(number);
  }

  #lose(number: number): void {
    const { packets } = this;
    const index = packets.index(number);
    const isRequeued = packets.state[index] === PacketState.Probed;
    packets.land(index, PacketState.Lost);
    this.controller.lost(packets.sizeBytes[index] as number);
    this.#counters.packetsLost++;
    if (!isRequeued) this.#requeue(index);
    this.#resolveNotifies(index, false);
  }

  /** Queues a packet's pieces of lanes again; whether there were any. */
  #requeue(index: number): boolean {
    let bytes = 0;
    for (let lane = 0; lane < LANES; lane++) {
      const length = this.packets.laneLength[index * LANES + lane] as number;
      if (length === 0) continue;
      const start = this.packets.laneStart[index * LANES + lane] as number;
      (this.#lanes[lane] as LaneSender).lose(start, start + length);
      bytes += length;
    }
    this.#counters.bytesRetransmitted += bytes;
    return bytes > 0;
  }

  /** The oldest packets in flight may be lost, and nothing behind them says so: their content goes again, with a Ping. */
  #queueProbes(): void {
    const { packets } = this;
    this.#isPingDue = true;
    let probes = 0;
    for (let number = packets.oldest; number < packets.next && probes < PROBE_PACKETS; number++) {
      const index = packets.index(number);
      if (packets.state[index] !== PacketState.InFlight) continue;
      if (!this.#requeue(index)) continue;
      packets.state[index] = PacketState.Probed;
      probes++;
    }
  }

  /** The oldest packets are given up where too many would have to be remembered. */
  #makeRoom(): void {
    while (this.packets.isFull) {
      const state = this.packets.stateOf(this.packets.oldest);
      if (state === PacketState.InFlight || state === PacketState.Probed) this.#lose(this.packets.oldest);
      this.packets.retire(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    }
  }

  /** Tells the host once that queues which refused messages are half empty again. */
  #tellDrained(): void {
    if (this.#refused === 0) return;
    let refused = this.#refused;
    for (let lane = 0; lane < LANES; lane++) {
      if ((this.#lanes[lane] as LaneSender).queuedBytes <= this.#maxQueuedBytes / 2) refused &= ~(1 << lane);
    }
    if (this.#datagrams.bytes <= this.#maxQueuedDatagramBytes / 2) refused &= ~(1 << LANES);
    if (refused === this.#refused) return;
    this.#refused = refused;
    this.#host.drained();
  }
}
