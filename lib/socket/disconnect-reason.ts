import { checkInteger, rangeError, typeError } from "../arguments.js";
import { cutUtf8, utf8Length } from "../utf8.js";
import { MAX_REASON_BYTES } from "../verdict.js";

/** The library's own disconnect codes. 0 to 999 belong to the application. */
export enum DisconnectCode {
  /** For `timeoutMs` nothing arrived that proves that the other side is still there. */
  Timeout = 1000,
  /** The other side sent something malformed. */
  InvalidPacket = 1001,
  /** The same client connected again; this is its earlier connection. */
  Replaced = 1002,
  /** The transport below ended the connection, or the server has been started again and does not know it. */
  ConnectionLost = 1003,
  /** The handshake did not finish within `handshakeTimeoutMs`. */
  HandshakeTimeout = 1004,
  /** The transport's reliable messages are not those that the other side sent: there is a man in the middle. */
  Tampered = 1005,
  /** The path drops packets of full size. UDP: those of 1128 bytes, the smallest full size. */
  PathTooSmall = 1006,
  /** `maxConnections` or `maxPendingConnections` is reached. */
  ServerFull = 1010,
  /** The two ends run different versions of the wire format. */
  VersionMismatch = 1011,
  /** The two ends take the transport between them for different kinds (raw datagrams, a stream, GNS). */
  ProfileMismatch = 1012,
  /** The two ends use different protocols: their fingerprints differ. */
  ProtocolMismatch = 1013,
  /** The server requires encryption. */
  EncryptionRequired = 1014,
  /** The server does not support encryption, or not the kind that the client uses. */
  EncryptionUnsupported = 1015,
  /** The server does not have the key that the client expects. */
  ServerKeyMismatch = 1016,
  /** Too many clients connect at this moment; one of the most crowded source has to leave. */
  ServerBusy = 1017,
  /** The player sent a message that only authenticated players may send. */
  NotAuthenticated = 1020,
  /** The server rejected the proof of who the player is. */
  AuthenticationFailed = 1021,
  /** The player did not prove who it is in time. */
  AuthenticationTimeout = 1022,
  /** The player has made too many errors. */
  ErrorLimit = 1023,
  /** The server has stopped. */
  ServerStopped = 1024,
  /** The process on the other side ended (an exit, a signal, an exception) without leaving first. */
  ProcessEnded = 1025,
  /** The server does not have the session that the client resumes: it was started again, or the session has ended. */
  SessionUnknown = 1026,
  /** The player is in another room, or at another server. */
  Moved = 1027,
  /** The server takes no new players any more: it is about to stop. */
  ServerClosed = 1028,
  /** The client was redirected more than four times in a row, or again and again. */
  RedirectLoop = 1029,
  /** The client does not follow a redirect: to where it leads, or because it would be less protected there. */
  RedirectRefused = 1030,
  /** What answers there speaks another protocol: GNS where the client speaks UDP, or the other way round. */
  OtherProtocol = 1031,
}

/**
 * Why a connection ended. Every socket delivers it unchanged: GNS as the number 1000 + `code`, WebSocket as the close
 * code 4000 + `code` (3000 + `code` - 1000 for the library's own codes), UDP in a packet of its own.
 */
export interface DisconnectReason {
  /** 0 to 999 for the application, from 1000 a {@link DisconnectCode}. */
  readonly code: number;
  /**
   * For people to read; at most 120 bytes in UTF-8. As the other side sent it: a log or a terminal should get what
   * `printable` makes of it.
   */
  readonly text: string;
}

/** The largest code that every transport carries. */
export const MAX_CODE = 1998;

/** One of the library's own reasons. A text that is too long is cut. */
export function libraryReason(code: DisconnectCode, text: string): DisconnectReason {
  return { code, text: cutUtf8(text, MAX_REASON_BYTES) };
}

/**
 * Checks a reason that the application gives.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`; RangeError `ERR_OUT_OF_RANGE` for a code outside 0-999, or a text over 120
 *   bytes
 */
export function checkReason(reason: DisconnectReason): void {
  if (typeof reason !== "object" || reason === null) throw typeError("reason", "{ code, text }");
  const { code, text } = reason;
  checkInteger("reason.code", code, 0, 999);
  if (typeof text !== "string") throw typeError("reason.text", "a string");
  if (utf8Length(text) > MAX_REASON_BYTES)
    throw rangeError("reason.text", `at most ${MAX_REASON_BYTES} bytes of UTF-8`);
}
