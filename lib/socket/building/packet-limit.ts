import { outOfRange } from "../../arguments.js";
import { Delivery, type IConnectionHandle } from "../socket.js";

/** Largest reliable packet on a handle that carries reliable and unreliable ones, in bytes. */
const MAX_RELIABLE_BYTES = 16_384;

/** @throws RangeError for a packet that `send` must not accept */
export function checkPacket(handle: IConnectionHandle, packet: Uint8Array, length: number, delivery: Delivery): void {
  const { maxPacketSize, reliable, ordered } = handle;
  const isReliable = reliable && !ordered && delivery === Delivery.Reliable;
  const max = isReliable ? Math.max(MAX_RELIABLE_BYTES, maxPacketSize) : maxPacketSize;
  checkPacketLength(length, packet, max);
}

/** @throws RangeError for a length of 0, over `max`, or over that of `packet` */
export function checkPacketLength(length: number, packet: Uint8Array, max: number): void {
  if (length >>> 0 === length && length > 0 && length <= max && length <= packet.length) return;
  throw outOfRange(`A packet has 1 to ${max} bytes and no more than its buffer (${packet.length}), not ${length}`);
}
