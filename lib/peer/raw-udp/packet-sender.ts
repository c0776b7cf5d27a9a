import { cloneBytes } from "../../bytes.js";
import { Delivery } from "../../socket/index.js";
import type { ReceivedPackets } from "../delivery/received-packets.js";
import { RoundTripEstimator } from "../delivery/round-trip-estimator.js";
import { type AckFrame, MIN_GAPS_ACK_BYTES } from "../frames/ack-frame.js";
import { writeDataNumber, writeDataSession } from "../frames/data-header.js";
import { writeNumberFrame } from "../frames/number-frame.js";
import type { PacketObserver, SendBlock } from "../observer.js";
import { DATA_HEADER_BYTES, FrameKind, MIN_PACKET_SIZE, TAG_BYTES } from "../packet-format.js";
import type { PacketSeal, ProfileHost } from "../profile.js";
import { CongestionController } from "./congestion-controller.js";
import { DeliveryRate } from "./delivery-rate.js";
import { LossDetection } from "./loss-detection.js";
import { Outbox } from "./outbox.js";
import { Pacer } from "./pacer.js";
import { PathSize } from "./path-size.js";
import type { RawUdpOptions } from "./raw-udp-options.js";
import { LARGEST_ACKED, PacketFlag, PacketState, SENT_MS, SentPackets } from "./sent-packets.js";

/** A probe is two packets, since one of them may be lost too (RFC 9002, 6.2.4). */
const PROBE_PACKETS = 2;
/** Lost packets are remembered for this many round trips, in case they were only late. */
const REMEMBERED_ROUND_TRIPS = 4;
/** About one of this many numbers is skipped: a peer that acknowledges it acknowledges what it has not received. */
const SKIP_INTERVAL = 1000;

/** Packets up to this size are written in one place, which stays in the cache: one for each connection does not. */
const SHARED_BYTES = 1500;
const shared = new Uint8Array(SHARED_BYTES);

/** What a packet has, besides an Ack if something has to be acknowledged. */
enum Content {
  None = 0,
  /** What is most urgent. */
  Urgent = 1,
  /** The same, in a packet of the smallest size: larger ones may be what the path does not carry. */
  Small = 2,
  Ping = 3,
  /** Ping and padding, to ask whether the path carries packets of that size. */
  PathProbe = 4,
}

/** The sending half of a connection over UDP: queues, packets in flight, losses, and when to send what. */
export class PacketSender {
  readonly roundTrip: RoundTripEstimator;
  readonly controller: CongestionController;
  readonly packets: SentPackets;
  readonly outbox: Outbox;
  readonly path: PathSize;
  /** When `flush` has to be called at the latest, as `updateDeadline` found. */
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly #loss: LossDetection;
  readonly #delivery = new DeliveryRate();
  readonly #pacer: Pacer;
  readonly #host: ProfileHost;
  readonly #received: ReceivedPackets;
  readonly #seal: PacketSeal | null;
  readonly #random: () => number;
  readonly #sessionId: number;
  /** The packet that is being written. Other connections write theirs there too. */
  readonly #packet: Uint8Array;
  /** The packet that the socket has not taken. */
  #stalled: Uint8Array | null = null;
  #nextSkip: number;
  #pingToken = 0;
  #isPingDue = false;
  #closeFrame: Uint8Array | null = null;
  /** When Close is sent again, `Infinity` when it is acknowledged. */
  #closeDueMs = Number.POSITIVE_INFINITY;
  /** Packets sent before this time measure no round trip: this process has stood still since. */
  #measureFromMs = Number.NEGATIVE_INFINITY;

  constructor(host: ProfileHost, received: ReceivedPackets, options: RawUdpOptions) {
    const { firstNumber = 0, maxPacketSize, provedPacketSize = maxPacketSize, random, timeoutMs } = options;
    if (maxPacketSize < MIN_PACKET_SIZE || maxPacketSize > 0xffff) {
      throw new RangeError(`A packet has ${MIN_PACKET_SIZE} to 65535 bytes at most, not ${maxPacketSize}`);
    }
    this.#host = host;
    this.roundTrip = new RoundTripEstimator(host.metrics);
    this.#received = received;
    this.#seal = options.seal;
    this.#random = random;
    this.#packet = maxPacketSize <= SHARED_BYTES ? shared : new Uint8Array(maxPacketSize);
    this.#sessionId = options.sessionId | 0;
    this.packets = new SentPackets(firstNumber);
    this.outbox = new Outbox(host, this.packets, options);
    this.#loss = new LossDetection(this.packets, this.roundTrip);
    this.path = new PathSize(host.metrics, maxPacketSize, provedPacketSize, timeoutMs);
    this.controller = new CongestionController(this.path, this.roundTrip, random);
    this.#pacer = new Pacer(this.path, this.controller);
    this.#nextSkip = firstNumber + this.#skipDistance();
  }

  ping(): void {
    this.#isPingDue = true;
  }

  /** From now on only this Close frame is sent, until it is acknowledged, and acknowledgements. */
  close(frame: Uint8Array, nowMs: number): void {
    this.#closeFrame = frame;
    this.#closeDueMs = nowMs;
    this.flush(nowMs);
  }

  /** This process has stood still. */
  onPause(nowMs: number): void {
    this.#measureFromMs = nowMs;
  }

  /**
   * The other side has another address now. What is on its way to the old one may never arrive: probes leave at once.
   *
   * @param isOtherHost and not another port of the same one: then nothing is known of the path to it
   * @param roundTripMs how long its answer took
   */
  onMove(isOtherHost: boolean, roundTripMs: number, nowMs: number): void {
    if (isOtherHost) this.#restart(roundTripMs, nowMs);
    this.#queueProbes();
    this.#received.acknowledgeAgain(nowMs);
    if (this.#closeDueMs < Number.POSITIVE_INFINITY) this.#closeDueMs = nowMs;
  }

  /** A packet with a challenge or the answer to one. It is not acknowledged, and not sent again. */
  pathPacket(kind: FrameKind.PathChallenge | FrameKind.PathResponse, token: Uint8Array): Uint8Array {
    const end = DATA_HEADER_BYTES + 1 + token.length;
    const packet = new Uint8Array(end + TAG_BYTES);
    packet[DATA_HEADER_BYTES] = kind;
    packet.set(token, DATA_HEADER_BYTES + 1);
    return this.#sealAlone(packet, end);
  }

  /** A packet of at most `maxBytes` that acknowledges what has come, for another address than the one in use. */
  ackPacket(maxBytes: number, nowMs: number): Uint8Array {
    const packet = new Uint8Array(maxBytes);
    return this.#sealAlone(packet, this.#received.writeAck(packet, DATA_HEADER_BYTES, maxBytes - TAG_BYTES, nowMs));
  }

  /** Gives a packet with content up to `end` a number. Nothing is noted of it, as nobody acknowledges it. */
  #sealAlone(packet: Uint8Array, end: number): Uint8Array {
    this.#makeRoom();
    const number = this.packets.next;
    this.packets.begin();
    writeDataSession(packet, this.#sessionId);
    writeDataNumber(packet, number);
    const size = this.#seal?.seal(number, packet, 0, DATA_HEADER_BYTES, end) ?? end;
    return packet.subarray(0, size);
  }

  answerChallenge(token: Uint8Array): void {
    const packet = this.pathPacket(FrameKind.PathResponse, token);
    this.#host.transmit(packet, packet.length, Delivery.Unreliable, 0);
  }

  get isCloseConfirmed(): boolean {
    return this.#closeFrame !== null && this.#closeDueMs === Number.POSITIVE_INFINITY;
  }

  /** How many bytes may leave at once. */
  get allowanceBytes(): number {
    const windowBytes = this.controller.windowBytes - this.packets.bytesInFlight;
    return Math.max(Math.min(windowBytes, this.#pacer.burstBytes), 0);
  }

  /** A stranger who acknowledges small packets only would draw 66 bytes for each of its own. */
  #isPathProbeDue(): boolean {
    return this.path.isProbeDue && this.#host.reassembly.isTrusted;
  }

  updateDeadline(): void {
    const { ackDueMs } = this.#received;
    // The socket tells when it takes packets again.
    if (this.#stalled) this.deadlineMs = Number.POSITIVE_INFINITY;
    else if (this.#closeFrame) this.deadlineMs = Math.min(ackDueMs, this.#closeDueMs);
    else if (this.#isPingDue || this.#isPathProbeDue()) this.deadlineMs = Number.NEGATIVE_INFINITY;
    else {
      this.#loss.updateDeadline();
      this.deadlineMs = Math.min(ackDueMs, this.#loss.deadlineMs);
      const mayLeave = this.packets.bytesInFlight < this.controller.windowBytes;
      if (this.outbox.isReady && mayLeave) this.deadlineMs = Math.min(this.deadlineMs, this.#pacer.nextMs);
    }
  }

  /** @returns false: it acknowledges a number that was skipped */
  onAckReceived(frame: AckFrame, nowMs: number): boolean {
    const { packets } = this;
    let newest = -1;
    for (let range = frame.rangeCount - 1; range >= 0; range--) {
      const last = frame.last[range] as number;
      for (let number = Math.max(frame.first[range] as number, packets.oldest); number <= last; number++) {
        const index = packets.index(number);
        const state = packets.state(index);
        if (state === PacketState.Settled) continue;
        if (state === PacketState.Skipped) return false;
        this.path.onPacketAcknowledged(number, packets.sizeBytes(index));
        if (state === PacketState.Lost) {
          packets.setState(index, PacketState.Settled);
          this.#host.metrics.packetsLate++;
          this.#loss.onSpuriousLoss(nowMs - (packets.doubles[index + SENT_MS] as number));
        } else {
          packets.onAcknowledged(index);
          this.#loss.onPacketAcknowledged(number);
          newest = number;
        }
        this.#delivery.onPacketAcknowledged(packets, number, index, frame, nowMs);
        this.#host.observer?.packetAcknowledged(number);
        this.#onAcknowledged(index);
      }
    }
    if (newest >= 0) this.#measure(frame, newest, nowMs);
    this.outbox.tell();
    return true;
  }

  /** Sends acknowledgements that are due. */
  respond(nowMs: number): void {
    if (nowMs >= this.#received.ackDueMs && this.#retry()) this.#sendPacket(nowMs, Content.None);
  }

  flush(nowMs: number): void {
    if (!this.#retry()) return;
    if (this.#closeFrame) this.#repeatClose(nowMs);
    else this.#sendContent(nowMs);
    this.respond(nowMs);
  }

  #sendContent(nowMs: number): void {
    this.#detectLosses(nowMs);
    const { controller, outbox, packets } = this;
    outbox.dropExpired(nowMs);
    let forced = this.#isPingDue ? 1 : 0;
    let content = Content.Urgent;
    this.#pacer.advance(nowMs);
    if (this.#isPathProbeDue()) this.#sendPacket(nowMs, Content.PathProbe);
    if (this.#loss.isProbeDue(nowMs)) {
      this.#queueProbes();
      forced = PROBE_PACKETS;
      content = Content.Small;
      // Where packets are lost, even one that any path carries is worth its few bytes.
      if (this.#loss.isProbeDoubled && !this.#stalled) this.#sendPacket(nowMs, Content.Ping);
    }
    while (!this.#stalled) {
      const mayLeave = packets.bytesInFlight < controller.windowBytes && this.#pacer.allowanceBytes > 0;
      if (!(outbox.isReady || this.#isPingDue) || (forced <= 0 && !mayLeave && !outbox.isMidMessage)) break;
      this.#sendPacket(nowMs, forced > 0 ? content : Content.Urgent);
      forced--;
    }
    if (packets.bytesInFlight >= controller.windowBytes) this.#pacer.onWindowFull();
    else if (!this.outbox.isReady) this.#delivery.onAppLimited(packets.bytesInFlight);
    this.#host.observer?.flushed(this.#block());
    this.outbox.tell();
  }

  /** Why something that is queued stays here. */
  #block(): SendBlock | null {
    if (this.#stalled) return "transport";
    if (this.outbox.unsentBytes === 0) return null;
    return this.packets.bytesInFlight < this.controller.windowBytes && this.outbox.isReady ? "pacing" : "window";
  }

  #repeatClose(nowMs: number): void {
    if (nowMs < this.#closeDueMs) return;
    this.#sendPacket(nowMs, Content.Urgent);
    this.#closeDueMs = nowMs + this.roundTrip.probeTimeoutMs;
  }

  /** Where the frames of a packet with this content have to end. */
  #contentEnd(content: Content): number {
    const sizeBytes = content === Content.Small ? MIN_PACKET_SIZE : this.path.sizeBytes;
    return sizeBytes - (this.#seal ? TAG_BYTES : 0);
  }

  #skipDistance(): number {
    return Math.floor((0.5 + this.#random()) * SKIP_INTERVAL);
  }

  #sendPacket(nowMs: number, content: Content): void {
    const { packets } = this;
    this.#makeRoom();
    if (content !== Content.None && packets.next >= this.#nextSkip) {
      packets.setState(packets.begin(), PacketState.Skipped);
      this.#nextSkip = packets.next + this.#skipDistance();
    }
    const number = packets.next;
    const index = packets.begin();
    const buffer = this.#packet;
    writeDataSession(buffer, this.#sessionId);
    writeDataNumber(buffer, number);
    const contentEnd = this.#contentEnd(content);
    const hasAck = this.#received.isAckDue;
    const start = hasAck ? this.#writeAck(index, DATA_HEADER_BYTES, contentEnd, nowMs) : DATA_HEADER_BYTES;
    const hasFrames = this.#isPingDue || content >= Content.Ping || this.#closeFrame !== null;
    let end = content === Content.None ? start : this.#writeContent(index, content, start, contentEnd);
    const mayHaveAck = !hasAck && end > start && content !== Content.Ping && contentEnd - end >= MIN_GAPS_ACK_BYTES;
    if (mayHaveAck && this.#received.rangeCount > 1) end = this.#writeAck(index, end, contentEnd, nowMs);
    const size = this.#seal ? this.#seal.seal(number, buffer, 0, DATA_HEADER_BYTES, end) : end;
    if (end > start) {
      this.#delivery.onPacketSent(packets, index, nowMs);
      packets.onSent(index, size, nowMs);
      this.#loss.onPacketSent(!hasFrames && this.outbox.isUnreliable, nowMs);
      this.#pacer.spend(size);
    }
    if (this.#host.observer) this.#tellSent(this.#host.observer, number, size, content);
    if (!this.#host.transmit(buffer, size, Delivery.Unreliable, 0)) this.#stalled = cloneBytes(buffer, 0, size);
  }

  #tellSent(observer: PacketObserver, number: number, size: number, content: Content): void {
    if (content === Content.None) observer.packetSent(number, size, "acknowledgement", []);
    else if (this.#closeFrame) observer.packetSent(number, size, "close", []);
    else if (content === Content.PathProbe) observer.packetSent(number, size, "path probe", []);
    else {
      const pieces = content === Content.Ping ? [] : this.outbox.piecesOf(this.packets.index(number));
      observer.packetSent(number, size, pieces.length > 0 ? "messages" : "ping", pieces);
    }
  }

  /** Sends the packet that the socket has not taken as it is, since its number must not seal anything else. */
  #retry(): boolean {
    const packet = this.#stalled;
    if (!packet) return true;
    if (!this.#host.transmit(packet, packet.length, Delivery.Unreliable, 0)) return false;
    this.#stalled = null;
    return true;
  }

  #writeAck(index: number, start: number, end: number, nowMs: number): number {
    this.packets.doubles[index + LARGEST_ACKED] = this.#received.largestAcknowledged;
    return this.#received.writeAck(this.#packet, start, end, nowMs);
  }

  #writeContent(index: number, content: Content, start: number, contentEnd: number): number {
    const buffer = this.#packet;
    if (this.#closeFrame) {
      buffer.set(this.#closeFrame, start);
      this.packets.set(index, PacketFlag.Close);
      return start + this.#closeFrame.length;
    }
    let at = start;
    if (this.#isPingDue || content >= Content.Ping) {
      at = writeNumberFrame(buffer, at, FrameKind.Ping, ++this.#pingToken);
      this.#isPingDue = false;
      if (content === Content.Ping) return at;
      if (content === Content.PathProbe) return this.#pad(at);
    }
    return this.outbox.write(index, buffer, at, contentEnd);
  }

  /** Fills a probe of the path with Padding frames. */
  #pad(start: number): number {
    const end = this.path.probeBytes - (this.#seal ? TAG_BYTES : 0);
    this.#packet.fill(FrameKind.Padding, start, end);
    this.path.isProbeDue = false;
    return end;
  }

  /** A packet was acknowledged. */
  #onAcknowledged(index: number): void {
    if (this.packets.has(index, PacketFlag.Close)) this.#closeDueMs = Number.POSITIVE_INFINITY;
    const largestAcked = this.packets.doubles[index + LARGEST_ACKED] as number;
    if (largestAcked >= 0) this.#received.forget(largestAcked);
    this.outbox.onAcknowledged(index);
  }

  #measure(frame: AckFrame, newest: number, nowMs: number): void {
    const { controller, packets, roundTrip } = this;
    const index = packets.index(newest);
    const sentMs = packets.doubles[index + SENT_MS] as number;
    if (newest === frame.largest && sentMs >= this.#measureFromMs) {
      roundTrip.latestMs = nowMs - sentMs - frame.delayMs;
      roundTrip.measuredMs = nowMs;
      roundTrip.sample();
      this.#host.observer?.roundTrip(roundTrip.latestMs);
      this.#host.metrics.acknowledgeDelayMs = frame.delayMs;
      this.#received.ackDelayMs = roundTrip.ackDelayMs;
      if (packets.has(index, PacketFlag.Lanes)) this.#loss.onAckDelay(frame);
      controller.onRoundTripSample(nowMs);
    }
    this.#delivery.measure();
    if (controller.onAckReceived(this.#delivery, packets.bytesInFlight, nowMs)) this.#loss.onRoundEnd();
    packets.forgetBeforeMs = nowMs - REMEMBERED_ROUND_TRIPS * roundTrip.lossDelayBaseMs;
    packets.forget(this.#loss.largestAcknowledged);
  }

  #detectLosses(nowMs: number): void {
    for (let number = this.#loss.detectLost(nowMs); number >= 0; number = this.#loss.detectLost(nowMs)) {
      this.path.onPacketLost(number, this.packets, nowMs, this.roundTrip.probeTimeoutMs);
      this.#onLost(number);
    }
  }

  #onLost(number: number): void {
    const { packets } = this;
    const index = packets.index(number);
    const isRequeued = packets.state(index) === PacketState.Probed;
    packets.onLost(index);
    this.controller.onPacketLost(packets.sizeBytes(index));
    this.#host.metrics.packetsLost++;
    this.#host.observer?.packetLost(number);
    this.#host.metrics.bytesRetransmitted += this.outbox.onLost(index, isRequeued);
  }

  /**
   * Sends the content of the oldest packets in flight again, with a Ping: nothing has been acknowledged for too long,
   * or the other side has another address.
   */
  #queueProbes(): void {
    const { packets } = this;
    this.#isPingDue = true;
    let probes = 0;
    for (let number = packets.oldest; number < packets.next && probes < PROBE_PACKETS; number++) {
      const index = packets.index(number);
      if (packets.state(index) !== PacketState.InFlight) continue;
      const bytes = this.outbox.requeue(index);
      if (bytes === 0) continue;
      this.#host.metrics.bytesRetransmitted += bytes;
      packets.setState(index, PacketState.Probed);
      probes++;
    }
  }

  /** Begins anew on an unknown path (RFC 9000, section 9.4). What is in flight is sent again there. */
  #restart(roundTripMs: number, nowMs: number): void {
    const { packets, roundTrip } = this;
    for (let number = packets.oldest; number < packets.next; number++) {
      const state = packets.stateOf(number);
      if (state === PacketState.InFlight || state === PacketState.Probed) this.#onLost(number);
      // Late acknowledgements say nothing about the new path.
      if (state !== PacketState.Skipped) packets.setState(packets.index(number), PacketState.Settled);
    }
    this.#stalled = null;
    roundTrip.restart();
    roundTrip.latestMs = roundTripMs;
    roundTrip.measuredMs = nowMs;
    roundTrip.sample();
    this.#received.ackDelayMs = roundTrip.ackDelayMs;
    this.#loss.restart();
    this.#delivery.restart();
    this.path.restart();
    this.controller.restart();
    this.outbox.tell();
  }

  /** Gives the oldest packets up where too many would have to be remembered. */
  #makeRoom(): void {
    while (this.packets.isFull) {
      const state = this.packets.stateOf(this.packets.oldest);
      if (state === PacketState.InFlight || state === PacketState.Probed) this.#onLost(this.packets.oldest);
      this.packets.forgetBeforeMs = Number.POSITIVE_INFINITY;
      this.packets.forget(Number.POSITIVE_INFINITY);
    }
  }
}
