import { hostOf } from "../../guard/address.js";
import type { DisconnectReason, IConnectionHandle, ReceivedPacket } from "../../socket/index.js";
import type { Channel, Notify } from "../channel.js";
import { ReceivedPackets } from "../delivery/received-packets.js";
import { encodeCloseFrame } from "../frames/close-frame.js";
import { isDataPacket, readDataNumber, readDataSession } from "../frames/data-header.js";
import { nearestNumber } from "../frames/packet-number.js";
import { DATA_HEADER_BYTES, FrameKind, MIN_PACKET_SIZE, ProfileKind } from "../packet-format.js";
import type { PacketSeal, Profile, ProfileHost, SendBudget } from "../profile.js";
import { PacketReceiver } from "./packet-receiver.js";
import { PacketSender } from "./packet-sender.js";
import type { PathValidation } from "./path-validation.js";
import type { RawUdpOptions } from "./raw-udp-options.js";

/** When a deadline was missed by this time, the process has stood still, and round trips measure that. */
const PAUSE_MS = 1000;

/**
 * A connection over datagrams that may be lost, copied and reordered: all of its reliability is the Peer's own work.
 */
export class RawUdpProfile implements Profile {
  readonly kind = ProfileKind.RawUdp;
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly #host: ProfileHost;
  readonly #sessionBits: number;
  readonly #seal: PacketSeal | null;
  readonly #received: ReceivedPackets;
  readonly #sender: PacketSender;
  readonly #receiver: PacketReceiver;
  readonly #paths: PathValidation | null;
  readonly #budget: SendBudget = { bytesPerSecond: 0, bytesFree: 0 };
  #lastCallMs = Number.POSITIVE_INFINITY;

  /** @throws RangeError for a packet size that no frame fits */
  constructor(host: ProfileHost, options: RawUdpOptions) {
    this.#host = host;
    this.#sessionBits = options.sessionId | 0;
    this.#seal = options.seal;
    this.#received = new ReceivedPackets(options.firstNumber ?? 0);
    this.#sender = new PacketSender(host, this.#received, options);
    this.#receiver = new PacketReceiver(host, this.#received, this.#sender, options);
    this.#paths = options.paths ?? null;
  }

  get roundTripTimeMs(): number {
    return this.#sender.roundTrip.smoothedMs;
  }

  get measuredMs(): number {
    return this.#sender.roundTrip.measuredMs;
  }

  get bufferedBytes(): number {
    return this.#sender.outbox.bufferedBytes;
  }

  updateDeadline(): void {
    this.#sender.updateDeadline();
    this.deadlineMs = Math.min(this.#sender.deadlineMs, this.#receiver.datagrams.deadlineMs);
  }

  get isDrained(): boolean {
    return this.#sender.outbox.isDrained;
  }

  get isCloseConfirmed(): boolean {
    return this.#sender.isCloseConfirmed;
  }

  /** The same object each time. */
  get sendBudget(): SendBudget {
    this.#budget.bytesPerSecond = this.#sender.controller.bytesPerMs * 1000;
    this.#budget.bytesFree = Math.max(this.#sender.allowanceBytes - this.#sender.outbox.unsentBytes, 0);
    return this.#budget;
  }

  send(channel: Channel, lane: number, bytes: Uint8Array, offset: number, length: number, notify: Notify): boolean {
    return this.#sender.outbox.send(channel, lane, bytes, offset, length, notify);
  }

  receive(packet: ReceivedPacket, nowMs: number): void {
    this.#notePause(nowMs);
    const { buffer, offset, length } = packet;
    const isOurs = isDataPacket(buffer, offset, length) && readDataSession(buffer, offset) === this.#sessionBits;
    const number = isOurs ? nearestNumber(readDataNumber(buffer, offset), this.#received.largest) : -1;
    const end = isOurs ? this.#open(number, buffer, offset, offset + length) : -1;
    if (end < 0) {
      this.#host.metrics.strayPackets++;
      return;
    }
    this.#host.observer?.packetReceived(number, length);
    const inOrder = this.#received.record(number);
    // A challenge is alone in its packet. It tells that the other side hears this one, and not that this one is heard.
    if (buffer[offset + DATA_HEADER_BYTES] !== FrameKind.PathChallenge) this.#host.onPacketAuthenticated();
    this.#receiver.receive(number, inOrder, buffer, offset + DATA_HEADER_BYTES, end, nowMs);
  }

  receiveFromElsewhere(packet: ReceivedPacket, nowMs: number): boolean {
    if (!this.#paths) return false;
    const { handle, buffer, offset, length } = packet;
    this.#notePause(nowMs);
    const { largest } = this.#received;
    const number = nearestNumber(readDataNumber(buffer, offset), largest);
    const end = this.#open(number, buffer, offset, offset + length);
    if (end < 0) return false;
    this.#host.observer?.packetReceived(number, length);
    const inOrder = this.#received.record(number);
    this.#paths.host.onPacketFromElsewhere();
    this.#paths.onPacket(handle, number, largest, nowMs, this.#sender.roundTrip.probeTimeoutMs);
    this.#receiver.pathResponse = null;
    this.#receiver.elsewhere = packet;
    this.#receiver.receive(number, inOrder, buffer, offset + DATA_HEADER_BYTES, end, nowMs);
    this.#receiver.elsewhere = null;
    if (!this.#receiver.hasEnded) this.#validate(this.#paths, handle, nowMs);
    return true;
  }

  queuedBytes(lane: number): number {
    return this.#sender.outbox.laneUnsentBytes(lane);
  }

  queueEnd(queue: number): number {
    return this.#sender.outbox.queueEnd(queue);
  }

  ping(): void {
    this.#sender.ping();
  }

  respond(nowMs: number): void {
    this.#notePause(nowMs);
    this.#sender.respond(nowMs);
  }

  flush(nowMs: number): void {
    this.#notePause(nowMs);
    this.#receiver.datagrams.expire(nowMs);
    this.#sender.flush(nowMs);
    if (!this.#sender.path.isDead) return;
    this.#host.pathTooSmall(`Packets of ${MIN_PACKET_SIZE} bytes do not reach the other side`);
  }

  close(reason: DisconnectReason, nowMs: number): void {
    this.#sender.close(encodeCloseFrame(reason), nowMs);
  }

  /** The connection has ended. A Close that is received again is still acknowledged. */
  dispose(): void {
    this.#receiver.hasEnded = true;
    this.#sender.outbox.dispose();
  }

  /** Moves to the address of a packet that has answered, or asks it. */
  #validate(paths: PathValidation, from: IConnectionHandle, nowMs: number): void {
    const { pathResponse } = this.#receiver;
    const roundTripMs = pathResponse ? paths.takeAnswered(from, pathResponse, nowMs) : Number.NaN;
    if (Number.isNaN(roundTripMs)) {
      this.#challenge(paths, from, nowMs);
      return;
    }
    const former = paths.host.handle;
    const isOtherHost = hostOf(from.address) !== hostOf(former.address);
    this.#sender.onMove(isOtherHost, roundTripMs, nowMs);
    this.#challenge(paths, former, nowMs);
    paths.host.moveTo(from.copy());
  }

  /** Asks an address, if that is due. */
  #challenge(paths: PathValidation, address: IConnectionHandle, nowMs: number): void {
    const token = paths.takeChallenge(address, nowMs, this.#sender.roundTrip.probeTimeoutMs);
    if (token) paths.host.transmitTo(address, this.#sender.pathPacket(FrameKind.PathChallenge, token));
  }

  /** The end of a packet's frames, -1 for a packet that is a copy, or not from the other side. */
  #open(number: number, buffer: Uint8Array, start: number, end: number): number {
    if (!this.#received.isNew(number)) {
      this.#host.metrics.duplicatePackets++;
      return -1;
    }
    return this.#seal ? this.#seal.open(number, buffer, start, DATA_HEADER_BYTES, end) : end;
  }

  #notePause(nowMs: number): void {
    // Deadlines are looked at after a gap only: that costs something.
    if (nowMs - this.#lastCallMs > PAUSE_MS) {
      this.#sender.updateDeadline();
      if (nowMs - this.#sender.deadlineMs > PAUSE_MS) this.#sender.onPause(nowMs);
    }
    this.#lastCallMs = nowMs;
  }
}
