import type { Refusal } from "../../guard/connection-guard.js";
import { NetworkError } from "../../network-error.js";
import { printable } from "../../printable.js";
import { DisconnectCode, type DisconnectReason } from "../disconnect-reason.js";

/** A socket can be bound or connected once in its life. */
export const inUseError = () => new NetworkError("ERR_IN_USE", "The socket is already bound or connected");

export const closedError = () => new NetworkError("ERR_CLOSED", "The socket is closed");

export const noPacketError = () =>
  new NetworkError("ERR_NO_PACKET", "There is no packet to receive: call poll() first");

/** The other side has refused the connection. */
export const refusedError = (address: string, reason: DisconnectReason) =>
  new NetworkError(
    "ERR_CONNECT_FAILED",
    `${address} refused the connection: ${printable(reason.text) || `code ${reason.code}`}`,
    { reason },
  );

/** The reason for connections that are still open when their socket closes. */
export const socketClosed: DisconnectReason = {
  code: DisconnectCode.ConnectionLost,
  text: "The socket was closed",
};

/** The reason for connections that are open when the process ends. */
export const processEnded: DisconnectReason = { code: DisconnectCode.ProcessEnded, text: "The process ended" };

/** The reason for those for whom `maxConnections` leaves no place. */
export const serverFull: DisconnectReason = { code: DisconnectCode.ServerFull, text: "The server is full" };

/** The reason for those who have to leave in the middle of their handshake. */
export const serverBusy: DisconnectReason = {
  code: DisconnectCode.ServerBusy,
  text: "Too many clients connect at this moment",
};

/** The reason for those whom a `ConnectionGuard` refuses. */
export const guardRefusal = ({ refused }: Refusal): DisconnectReason => (refused === "banned" ? banned : serverBusy);

/** The reason for those whose address is banned: they were refused (`ERR_REFUSED`). */
export const banned: DisconnectReason = { code: 0, text: "The server has banned this address" };

/** The reason for those who come, or are still there, when the server has stopped. */
export const serverStopped: DisconnectReason = { code: DisconnectCode.ServerStopped, text: "The server has stopped" };

/** The reason for a client about whom `beforeAccept` or `onIncoming` has failed: it was refused (`ERR_REFUSED`). */
export const serverFailed: DisconnectReason = { code: 0, text: "The server failed" };

/** The text for a player about whom an authenticator has failed. */
export const AUTHENTICATOR_FAILED = "The authenticator failed";

/** Settles as `promise` does, or rejects with the reason of `signal` if that aborts first. */
export function abortable<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
