import { Channel, type Notify } from "../channel.js";
import { DatagramQueue } from "../delivery/datagram-queue.js";
import { DATAGRAMS, type QueuePiece } from "../observer.js";
import { CONTROL_LANE, LANES, STREAM_LANE } from "../packet-format.js";
import { DATAGRAM_QUEUE_BYTES, type ProfileHost } from "../profile.js";
import { LaneSender } from "./lane-sender.js";
import { LANE_WINDOW_BYTES } from "./lanes.js";
import type { RawUdpOptions } from "./raw-udp-options.js";
import { FIRST_NOTIFY, LANE_START, PacketFlag, type SentPackets } from "./sent-packets.js";

/** The queues of a connection: fills packets in the order of urgency, and learns what has become of them. */
export class Outbox {
  /** The last `write` wrote unreliable messages and nothing else. */
  isUnreliable = false;
  readonly #lanes: LaneSender[] = [];
  readonly #datagrams: DatagramQueue;
  readonly #host: ProfileHost;
  readonly #packets: SentPackets;
  readonly #maxQueuedBytes: number;
  /** Which bytes of the datagrams the last `write` took. */
  #datagramStart = 0;
  #datagramEnd = 0;
  /** Bit `lane`: it has something to send. To look at six lanes of a thousand connections each time costs too much. */
  #unsent = 0;
  /** Bit `lane`, and bit `LANES` for datagrams: the queue has refused a message. */
  #refused = 0;

  constructor(host: ProfileHost, packets: SentPackets, { firstNumber = 0, maxQueuedBytes }: RawUdpOptions) {
    this.#host = host;
    this.#packets = packets;
    this.#maxQueuedBytes = maxQueuedBytes;
    this.#datagrams = new DatagramQueue(host);
    for (let lane = 0; lane < LANES; lane++) {
      this.#lanes.push(new LaneSender(lane, firstNumber, LANE_WINDOW_BYTES[lane] as number, maxQueuedBytes));
    }
  }

  /** @returns false: the queue is full */
  send(channel: Channel, lane: number, bytes: Uint8Array, offset: number, length: number, notify: Notify): boolean {
    if (channel === Channel.Reliable) {
      const isTaken = (this.#lanes[lane] as LaneSender).push(bytes, offset, length);
      if (isTaken) this.#unsent |= 1 << lane;
      else this.#refused |= 1 << lane;
      return isTaken;
    }
    const isTaken = this.#datagrams.send(channel, lane, bytes, offset, length, notify);
    if (!isTaken) this.#refused |= 1 << LANES;
    return isTaken;
  }

  /** A message is half sent: the rest has to leave at once. */
  get isMidMessage(): boolean {
    return this.#datagrams.isMidMessage;
  }

  dropExpired(nowMs: number): void {
    if (this.#datagrams.bytes > 0) this.#datagrams.dropExpired(nowMs);
  }

  get bufferedBytes(): number {
    let bytes = this.#datagrams.bytes;
    for (const lane of this.#lanes) bytes += lane.queuedBytes;
    return bytes;
  }

  laneUnsentBytes(lane: number): number {
    return (this.#lanes[lane] as LaneSender).unsentBytes;
  }

  queueEnd(queue: number): number {
    if (queue !== DATAGRAMS) return (this.#lanes[queue] as LaneSender).end;
    return this.#datagrams.takenBytes + this.#datagrams.bytes;
  }

  /** What the last `write` wrote into the packet of this entry. */
  piecesOf(index: number): QueuePiece[] {
    const pieces: QueuePiece[] = [];
    for (let lane = this.#packets.has(index, PacketFlag.Lanes) ? 0 : LANES; lane < LANES; lane++) {
      const start = this.#packets.doubles[index + LANE_START + lane] as number;
      const length = this.#packets.laneLength(index, lane);
      if (length > 0) pieces.push({ queue: lane, start, end: start + length });
    }
    const [start, end] = [this.#datagramStart, this.#datagramEnd];
    if (end > start) pieces.push({ queue: DATAGRAMS, start, end });
    return pieces;
  }

  get unsentBytes(): number {
    let bytes = this.#datagrams.bytes;
    for (const lane of this.#lanes) bytes += lane.unsentBytes;
    return bytes;
  }

  get isDrained(): boolean {
    return this.#lanes.every((lane) => lane.queuedBytes === 0);
  }

  /** Whether something may be sent now, as far as the windows of the lanes go. */
  get isReady(): boolean {
    if (this.#datagrams.bytes > 0) return true;
    for (let lane = 0; this.#unsent >> lane > 0; lane++) {
      if ((this.#unsent >> lane) & 1 && (this.#lanes[lane] as LaneSender).isReady) return true;
    }
    return false;
  }

  /** Writes the most urgent content as frames from `start` to `end`, and notes it in the entry of the packet. */
  write(index: number, buffer: Uint8Array, start: number, end: number): number {
    const controlEnd = this.#writeLane(index, CONTROL_LANE, buffer, start, end);
    const datagramEnd = this.#writeDatagrams(index, buffer, controlEnd, end);
    let at = datagramEnd;
    for (let lane = 0; lane <= STREAM_LANE; lane++) at = this.#writeLane(index, lane, buffer, at, end);
    this.isUnreliable = controlEnd === start && at === datagramEnd && this.#packets.notifyCount(index) === 0;
    return at;
  }

  onAcknowledged(index: number): void {
    const packets = this.#packets;
    for (let lane = packets.has(index, PacketFlag.Lanes) ? 0 : LANES; lane < LANES; lane++) {
      const length = packets.laneLength(index, lane);
      if (length === 0) continue;
      const start = packets.doubles[index + LANE_START + lane] as number;
      (this.#lanes[lane] as LaneSender).onAcknowledged(start, start + length);
    }
    this.#resolveNotifies(index, true);
  }

  /** @param isRequeued its pieces of lanes are queued again already @returns how many bytes were queued again */
  onLost(index: number, isRequeued: boolean): number {
    const bytes = isRequeued ? 0 : this.requeue(index);
    this.#resolveNotifies(index, false);
    return bytes;
  }

  /** Queues a packet's pieces of lanes again. @returns how many bytes */
  requeue(index: number): number {
    const packets = this.#packets;
    let bytes = 0;
    for (let lane = packets.has(index, PacketFlag.Lanes) ? 0 : LANES; lane < LANES; lane++) {
      const length = packets.laneLength(index, lane);
      if (length === 0) continue;
      const start = packets.doubles[index + LANE_START + lane] as number;
      (this.#lanes[lane] as LaneSender).onLost(start, start + length);
      this.#unsent |= 1 << lane;
      bytes += length;
    }
    return bytes;
  }

  /** Calls `onLost` of all notify messages whose fate is open. */
  dispose(): void {
    this.#datagrams.tokens.loseAll();
  }

  /** Tells who has to know: of notify messages that are too old, and of queues that are half empty again. */
  tell(): void {
    this.#datagrams.tellExpired();
    if (this.#refused === 0) return;
    let refused = this.#refused;
    for (let lane = 0; lane < LANES; lane++) {
      if ((this.#lanes[lane] as LaneSender).queuedBytes <= this.#maxQueuedBytes / 2) refused &= ~(1 << lane);
    }
    if (this.#datagrams.bytes <= DATAGRAM_QUEUE_BYTES / 2) refused &= ~(1 << LANES);
    if (refused === this.#refused) return;
    this.#refused = refused;
    this.#host.drained();
  }

  #writeLane(index: number, lane: number, buffer: Uint8Array, at: number, contentEnd: number): number {
    if (((this.#unsent >> lane) & 1) === 0) return at;
    const sender = this.#lanes[lane] as LaneSender;
    const end = sender.isReady ? sender.writeFrame(buffer, at, contentEnd) : at;
    if (sender.isIdle) this.#unsent &= ~(1 << lane);
    if (end === at) return at;
    this.#packets.doubles[index + LANE_START + lane] = sender.pieceStart;
    this.#packets.setLaneLength(index, lane, sender.pieceLength);
    return end;
  }

  #writeDatagrams(index: number, buffer: Uint8Array, start: number, contentEnd: number): number {
    const datagrams = this.#datagrams;
    if (this.#host.observer) this.#datagramStart = this.#datagramEnd = datagrams.takenBytes;
    if (datagrams.bytes === 0) return start;
    const end = datagrams.take(buffer, start, contentEnd);
    this.#datagramEnd = this.#datagramStart + end - start;
    this.#packets.doubles[index + FIRST_NOTIFY] = datagrams.firstNotify;
    this.#packets.setNotifyCount(index, datagrams.endNotify - datagrams.firstNotify);
    datagrams.splitNotify();
    return end;
  }

  #resolveNotifies(index: number, delivered: boolean): void {
    const first = this.#packets.doubles[index + FIRST_NOTIFY] as number;
    const end = first + this.#packets.notifyCount(index);
    for (let place = first; place < end; place++) this.#datagrams.tokens.resolve(place, delivered);
  }
}
