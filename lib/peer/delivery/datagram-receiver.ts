import { Channel } from "../channel.js";
import { FragmentFrame } from "../frames/fragment-frame.js";
import { MessageFrame } from "../frames/message-frame.js";
import type { PacketReader } from "../frames/packet-reader.js";
import { FrameKind, MAX_UNRELIABLE_MESSAGE_SIZE, USER_LANES } from "../packet-format.js";
import type { ProfileHost } from "../profile.js";
import { DatagramResult } from "./datagram-result.js";
import { FragmentAssembler, type IncompleteMessage } from "./fragment-assembler.js";

/** Of each kind of frame: -1 for what is in no order, 0 for notify, 1 + lane for sequenced, -2 for other frames. */
const ORDERS = new Int8Array(256).fill(-2);
for (const fragment of [0, FrameKind.Fragment]) {
  ORDERS[fragment + FrameKind.Unreliable] = -1;
  ORDERS[fragment + FrameKind.Notify] = 0;
  for (let lane = 0; lane < USER_LANES; lane++) ORDERS[fragment + FrameKind.Sequenced + lane] = 1 + lane;
}

/** Whether `DatagramReceiver` reads frames of this kind. */
export function isDatagram(kind: number): boolean {
  return (ORDERS[kind] as number) > -2;
}

/** The channel of a frame that `isDatagram`. */
export function channelOf(kind: number): Channel {
  const order = ORDERS[kind] as number;
  if (order < 0) return Channel.Unreliable;
  return order === 0 ? Channel.Notify : Channel.Sequenced;
}

/**
 * Reads unreliable, notify and sequenced messages, whole or in fragments, and hands them on: a notify or sequenced
 * message never after a newer one. A message is as old as the packet that brought its first byte.
 */
export class DatagramReceiver {
  readonly #message = new MessageFrame();
  readonly #fragment = new FragmentFrame();
  readonly #fragments: FragmentAssembler;
  readonly #host: ProfileHost;
  /** By order: the number of the packet with the newest message. */
  readonly #newest = new Float64Array(1 + USER_LANES);

  /** @param isOrdered everything arrives in order, or not at all */
  constructor(host: ProfileHost, firstNumber: number, isOrdered: boolean) {
    this.#host = host;
    this.#newest.fill(firstNumber - 1);
    this.#fragments = new FragmentAssembler(host, isOrdered);
  }

  /** When incomplete messages have to be given up. */
  get deadlineMs(): number {
    return this.#fragments.deadlineMs;
  }

  /** The message of the fragment that was read last and led to `Complete`. */
  get fragmented(): IncompleteMessage | null {
    return this.#fragments.message;
  }

  /** Reads a frame that `isDatagram` of the packet with this number. The kind has been read. */
  read(kind: number, reader: PacketReader, packet: number, nowMs: number): DatagramResult {
    if (kind >= FrameKind.Fragment) return this.#readFragment(kind - FrameKind.Fragment, reader, packet, nowMs);
    const frame = this.#message;
    if (!frame.read(reader) || frame.length > MAX_UNRELIABLE_MESSAGE_SIZE) return DatagramResult.Malformed;
    if (this.#isLate(kind, packet)) {
      const { metrics } = this.#host;
      if (kind === FrameKind.Notify) metrics.notifiesLate++;
      else metrics.sequencedLate++;
      return DatagramResult.Dropped;
    }
    return this.#deliver(kind, packet, reader.buffer, frame.start, frame.length);
  }

  /** Gives up messages that have been incomplete for too long. */
  expire(nowMs: number): void {
    this.#fragments.expire(nowMs);
  }

  #readFragment(kind: number, reader: PacketReader, packet: number, nowMs: number): DatagramResult {
    const fragments = this.#fragments;
    if (!this.#fragment.read(reader)) return DatagramResult.Malformed;
    if (this.#isLate(kind, packet)) {
      this.#host.metrics.fragmentsDropped++;
      return DatagramResult.Dropped;
    }
    const received = fragments.receive(kind, this.#fragment, reader.buffer, packet, nowMs);
    if (received !== DatagramResult.Complete) return received;
    const message = fragments.message as IncompleteMessage;
    const result = this.#deliver(kind, message.packets[0] as number, fragments.bytes, 0, fragments.length);
    fragments.release();
    return result;
  }

  #isLate(kind: number, packet: number): boolean {
    const order = ORDERS[kind] as number;
    return order >= 0 && packet < (this.#newest[order] as number);
  }

  /** @param packet the number of the one that has brought the first byte */
  #deliver(kind: number, packet: number, buffer: Uint8Array, start: number, length: number): DatagramResult {
    const order = ORDERS[kind] as number;
    if (order >= 0) {
      this.#newest[order] = packet;
      this.#fragments.giveUpOlder(kind, packet);
    }
    const lane = order > 0 ? order - 1 : 0;
    const isConnected = this.#host.deliver(channelOf(kind), lane, buffer, start, length);
    return isConnected ? DatagramResult.Complete : DatagramResult.Stopped;
  }
}
