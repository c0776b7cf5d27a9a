import { NetworkError } from "../../network-error.js";
import { printable } from "../../printable.js";
import { notConnected } from "./checks.js";

/** The numbers of JetStream's errors. */
const WRONG_SEQUENCE = [10071, 10164];
/** The same id is being stored at this moment. */
const IN_PROCESS = 10158;
/** A write names another stream than the one that its subject belongs to. */
const OTHER_STREAM = 10060;

const STREAM_NOT_FOUND = 10059;
/** JetStream is off for this account. */
const NOT_FOR_ACCOUNT = 10039;

/** What the packages of NATS throw. Classes would not do: each of the packages may have its own. */
interface NatsError {
  name?: string;
  message?: string;
  isNoResponders?(): boolean;
  code?: number;
  status?: number;
  cause?: unknown;
}

/** Whether the server refused since the key's or the subject's last sequence is another one. */
export const isWrongSequence = (error: unknown): boolean =>
  (error as NatsError)?.name === "JetStreamApiError" && WRONG_SEQUENCE.includes((error as NatsError).code ?? 0);

export const isNoResponders = (error: unknown): boolean =>
  (error as NatsError)?.isNoResponders?.() === true || (error as NatsError)?.name === "NoResponders";

export const isTimeout = (error: unknown): boolean => (error as NatsError)?.name === "TimeoutError";

export const isOtherStream = (error: unknown): boolean =>
  (error as NatsError)?.name === "JetStreamApiError" && (error as NatsError).code === OTHER_STREAM;

export const isStreamMissing = (error: unknown): boolean => (error as NatsError)?.code === STREAM_NOT_FOUND;

/** Whether the server says that this account has no JetStream. */
export const isForbidden = (error: unknown): boolean =>
  [error, (error as NatsError)?.cause].some((one) => (one as NatsError)?.code === NOT_FOR_ACCOUNT);

/** A stream without a leader has no responder, just as a server without JetStream. */
export function isLeaderless(error: unknown): boolean {
  const { name, status } = (error ?? {}) as NatsError;
  return isNoResponders(error) || name === "JetStreamNotEnabled" || status === 503;
}

/** The error of this library for an error of NATS. */
export function translateNatsError(error: unknown): Error {
  if (error instanceof NetworkError || error instanceof TypeError || error instanceof RangeError) return error;
  const { name, message, code } = (error ?? {}) as NatsError;
  if (isTimeout(error)) return new NetworkError("ERR_TIMEOUT", "NATS did not answer in time", { cause: error });
  if (name === "ClosedConnectionError" || name === "DrainingConnectionError") return notConnected();
  if (isLeaderless(error) || code === IN_PROCESS) {
    const text = "JetStream does not answer: it is not enabled, or it has no leader at this moment";
    return new NetworkError("ERR_NOT_CONNECTED", text, { cause: error });
  }
  return new NetworkError("ERR_FAILED", printable(`NATS: ${message ?? error}`), { cause: error });
}
