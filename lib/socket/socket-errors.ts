import { NetworkError, type NetworkErrorDetails } from "../network-error.js";
import type { DisconnectReason } from "./disconnect-reason.js";

export const addressInUseError = (address: string) =>
  new NetworkError("ERR_ADDRESS_IN_USE", `${address} is in use by another socket`);

/** A socket is bound or connected once in its life. */
export const inUseError = () => new NetworkError("ERR_IN_USE", "The socket is bound or connected already");

export const closedError = () => new NetworkError("ERR_CLOSED", "The socket is closed");

export const noPacketError = () => new NetworkError("ERR_NO_PACKET", "receive() without a packet: ask poll() first");

export const connectError = (address: string, why: string, details: NetworkErrorDetails = {}) =>
  new NetworkError("ERR_CONNECT_FAILED", `No connection to ${address}: ${why}`, details);

/** The other side does not want the connection. */
export const refusedError = (address: string, reason: DisconnectReason) =>
  new NetworkError("ERR_CONNECT_FAILED", `${address} refused the connection: ${reason.text || `code ${reason.code}`}`, {
    reason,
  });

/** @throws RangeError for a length that `send` does not take */
export function checkPacketLength(length: number, packet: Uint8Array, maxPacketSize: number): void {
  if (length >>> 0 === length && length > 0 && length <= maxPacketSize && length <= packet.length) return;
  throw new RangeError(
    `A packet has 1 to ${maxPacketSize} bytes and no more than its buffer (${packet.length}), not ${length}`,
  );
}
