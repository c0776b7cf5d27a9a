import type { ReceivedPacket } from "../../socket/index.js";
import { Channel } from "../channel.js";
import { channelOf, DatagramReceiver, isDatagram } from "../delivery/datagram-receiver.js";
import { DatagramResult } from "../delivery/datagram-result.js";
import { AckUrgency, type ReceivedPackets } from "../delivery/received-packets.js";
import { AckFrame } from "../frames/ack-frame.js";
import { readCloseFrame } from "../frames/close-frame.js";
import { LaneBytesFrame } from "../frames/lane-bytes-frame.js";
import { readNumberFrame } from "../frames/number-frame.js";
import { PacketReader } from "../frames/packet-reader.js";
import { FrameKind, LANES, PATH_CHALLENGE_BYTES } from "../packet-format.js";
import type { PathHost, ProfileHost } from "../profile.js";
import { LaneReceiver } from "./lane-receiver.js";
import { LaneResult } from "./message-assembler.js";
import type { PacketSender } from "./packet-sender.js";
import type { RawUdpOptions } from "./raw-udp-options.js";

/** What reading a frame leads to. */
enum Next {
  /** To the next frame. */
  Frame = 0,
  /** To nothing: the connection has ended, or the packet counts as not received. */
  Stop = 1,
  /** To the end of the connection: the other side has broken the format. */
  Malformed = 2,
}

/** The receiving half of a connection over UDP: reads the frames of authenticated packets. */
export class PacketReceiver {
  /** Nothing is handed on any more. Close is still acknowledged. */
  hasEnded = false;
  /** The PathResponse of the last packet that had one. */
  pathResponse: Uint8Array | null = null;
  /** The packet that is being read, when it has come from another address than the one in use. */
  elsewhere: ReceivedPacket | null = null;
  readonly datagrams: DatagramReceiver;
  readonly #lanes: LaneReceiver[] = [];
  readonly #reader = new PacketReader();
  readonly #ack = new AckFrame();
  readonly #laneBytes = new LaneBytesFrame();
  readonly #host: ProfileHost;
  readonly #received: ReceivedPackets;
  readonly #sender: PacketSender;
  readonly #firstNumber: number;
  readonly #isSealed: boolean;
  readonly #paths: PathHost | null;
  // Of the packet that is being read.
  #number = 0;
  #urgency = AckUrgency.None;
  /** Something in it was not taken, so that it must not be acknowledged. */
  #isRefused = false;

  constructor(
    host: ProfileHost,
    received: ReceivedPackets,
    sender: PacketSender,
    { firstNumber = 0, maxReliableMessageSize, seal, paths }: RawUdpOptions,
  ) {
    this.#host = host;
    this.#isSealed = seal !== null;
    this.#paths = paths?.host ?? null;
    this.#received = received;
    this.#sender = sender;
    this.#firstNumber = firstNumber;
    this.datagrams = new DatagramReceiver(host, firstNumber, false);
    for (let lane = 0; lane < LANES; lane++) {
      this.#lanes.push(new LaneReceiver(lane, firstNumber, maxReliableMessageSize, host));
    }
  }

  /** Reads the frames of a new packet. @param inOrder as `ReceivedPackets.record` gave it */
  receive(number: number, inOrder: boolean, buffer: Uint8Array, start: number, end: number, nowMs: number): void {
    const reader = this.#reader;
    reader.start(buffer, start, end);
    this.#number = number;
    this.#urgency = AckUrgency.None;
    this.#isRefused = false;
    while (reader.remaining > 0) {
      const kind = reader.u8();
      const next = this.#readFrame(kind, nowMs);
      if (next === Next.Stop) return;
      if (next === Next.Malformed || reader.failed) {
        if (!this.hasEnded) this.#host.malformed(`Malformed frame of kind ${kind}`);
        return;
      }
    }
    if (this.#isRefused) return;
    const isGap = !inOrder && this.#urgency !== AckUrgency.None;
    this.#received.acknowledge(number, isGap ? AckUrgency.AtOnce : this.#urgency, nowMs, end - start);
  }

  #readFrame(kind: FrameKind, nowMs: number): Next {
    switch (kind) {
      case FrameKind.Padding:
        return Next.Frame;
      case FrameKind.Ack:
        return this.#readAck(nowMs);
      case FrameKind.Close:
        return this.#readClose(nowMs);
    }
    if (this.hasEnded) return Next.Stop;
    if (kind >= FrameKind.LaneBytes && kind < FrameKind.LaneBytes + LANES) {
      this.#atLeast(AckUrgency.Normal);
      return this.#readLane(kind - FrameKind.LaneBytes);
    }
    if (isDatagram(kind)) return this.#readDatagram(kind, nowMs);
    if (kind !== FrameKind.Ping) return this.#readPathFrame(kind);
    readNumberFrame(this.#reader);
    this.#atLeast(AckUrgency.AtOnce);
    return Next.Frame;
  }

  /** These are alone in their packet, so that no packet asks for more than one. Without encryption there are none. */
  #readPathFrame(kind: FrameKind): Next {
    const reader = this.#reader;
    const isPathFrame = kind === FrameKind.PathChallenge || kind === FrameKind.PathResponse;
    if (!isPathFrame || !this.#isSealed || reader.remaining !== PATH_CHALLENGE_BYTES) return Next.Malformed;
    const token = reader.bytes(PATH_CHALLENGE_BYTES);
    if (kind === FrameKind.PathChallenge) this.#sender.answerChallenge(token);
    else this.pathResponse = token;
    return Next.Frame;
  }

  #atLeast(urgency: AckUrgency): void {
    if (urgency > this.#urgency) this.#urgency = urgency;
  }

  #readAck(nowMs: number): Next {
    const frame = this.#ack;
    if (!frame.read(this.#reader, this.#firstNumber, this.#sender.packets.next)) return Next.Malformed;
    return this.#sender.onAckReceived(frame, nowMs) ? Next.Frame : Next.Malformed;
  }

  #readClose(nowMs: number): Next {
    const reason = readCloseFrame(this.#reader);
    if (!reason) return Next.Malformed;
    // The acknowledgement leaves before the connection ends.
    this.#received.acknowledge(this.#number, AckUrgency.AtOnce, nowMs);
    this.#respond(nowMs);
    if (!this.hasEnded) {
      this.hasEnded = true;
      this.#host.remoteClosed(reason);
    }
    return Next.Stop;
  }

  /** An address that is not proved gets at most three times its bytes. */
  #respond(nowMs: number): void {
    const { elsewhere } = this;
    if (!elsewhere) this.#sender.respond(nowMs);
    else this.#paths?.transmitTo(elsewhere.handle, this.#sender.ackPacket(3 * elsewhere.length, nowMs));
  }

  #readLane(lane: number): Next {
    const frame = this.#laneBytes;
    if (!frame.read(this.#reader)) return Next.Malformed;
    const { offsetBits, start, length } = frame;
    switch ((this.#lanes[lane] as LaneReceiver).receive(offsetBits, this.#reader.buffer, start, length)) {
      case LaneResult.Taken:
        return Next.Frame;
      case LaneResult.Refused:
        this.#host.metrics.piecesRefused++;
        this.#isRefused = true;
        return Next.Frame;
      case LaneResult.Stopped:
        return Next.Stop;
      case LaneResult.Malformed:
        return Next.Malformed;
    }
  }

  /** A fragment is acknowledged as it comes: one of a message that has been given up never is. */
  #readDatagram(kind: number, nowMs: number): Next {
    const isNotify = channelOf(kind) === Channel.Notify;
    this.#atLeast(isNotify ? AckUrgency.Normal : AckUrgency.Low);
    switch (this.datagrams.read(kind, this.#reader, this.#number, nowMs)) {
      case DatagramResult.Dropped:
        if (isNotify) this.#isRefused = true;
        return Next.Frame;
      case DatagramResult.Stopped:
        return Next.Stop;
      case DatagramResult.Malformed:
        return Next.Malformed;
      default:
        return Next.Frame;
    }
  }
}
