import { NetworkError, type NetworkErrorDetails } from "../../network-error.js";
import { DisconnectCode, type DisconnectReason } from "../disconnect-reason.js";

export const addressInUseError = (address: string, cause?: unknown) =>
  new NetworkError("ERR_ADDRESS_IN_USE", `${address} is in use by another socket`, { cause });

/** For an error of the operating system when a socket begins to listen. */
export function listenError(cause: unknown, address: string): NetworkError {
  const { code, message } = cause as Error & { code?: string };
  if (code === "EADDRINUSE") return addressInUseError(address, cause);
  return new NetworkError(code === "EACCES" ? "ERR_ACCESS" : "ERR_FAILED", `${address}: ${message}`, { cause });
}

/** A socket can be bound or connected once in its life. */
export const inUseError = () => new NetworkError("ERR_IN_USE", "The socket is already bound or connected");

export const closedError = () => new NetworkError("ERR_CLOSED", "The socket is closed");

export const noPacketError = () =>
  new NetworkError("ERR_NO_PACKET", "There is no packet to receive: call poll() first");

export const connectError = (address: string, why: string, details: NetworkErrorDetails = {}) =>
  new NetworkError("ERR_CONNECT_FAILED", `No connection to ${address}: ${why}`, details);

/** The other side has refused the connection. */
export const refusedError = (address: string, reason: DisconnectReason) =>
  new NetworkError("ERR_CONNECT_FAILED", `${address} refused the connection: ${reason.text || `code ${reason.code}`}`, {
    reason,
  });

/** The reason for connections that are still open when their socket closes. */
export const socketClosed: DisconnectReason = {
  code: DisconnectCode.ConnectionLost,
  text: "The socket was closed",
};

/** The reason for a connection whose `onIncoming` threw. */
export const serverFailed: DisconnectReason = { code: DisconnectCode.ConnectionLost, text: "The server failed" };

/** Settles as `promise` does, or rejects with the reason of `signal` if that aborts first. */
export function abortable<Result>(promise: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
