/** Codes of the library's own; 0 to 999 are the application's. */
export enum DisconnectCode {
  /** Nothing proved that the other side is still there for `timeoutMs`. */
  Timeout = 1000,
  /** The other side sent something malformed. */
  InvalidPacket = 1001,
  /** The same client connected again. */
  Replaced = 1002,
  /** The transport below ended the connection. */
  ConnectionLost = 1003,
  /** The handshake was not finished within `handshakeTimeoutMs`. */
  HandshakeTimeout = 1004,
  /** The transport's reliable messages are not those that the other side sent: somebody sits in between. */
  Tampered = 1005,
  /** `maxConnections` or `maxPendingConnections` is reached. */
  ServerFull = 1010,
  /** The two ends run different versions of the wire format. */
  VersionMismatch = 1011,
  /** The two ends see the transport between them differently (raw datagrams, a stream, GNS). */
  ProfileMismatch = 1012,
  /** The two ends speak different protocols: their fingerprints differ. */
  ProtocolMismatch = 1013,
  /** The server insists on encryption. */
  EncryptionRequired = 1014,
  /** The server has no encryption, or none of this kind. */
  EncryptionUnsupported = 1015,
  /** The server does not have the key that the client expects. */
  ServerKeyMismatch = 1016,
  /** A message came that only an authenticated player may send. */
  NotAuthenticated = 1020,
  /** The proof of who the player is was refused. */
  AuthenticationFailed = 1021,
  /** No proof of who the player is came in time. */
  AuthenticationTimeout = 1022,
  /** The player has made too many errors. */
  ErrorLimit = 1023,
  /** The server has stopped. */
  ServerStopped = 1024,
}

/**
 * Why a connection ended. It arrives equal on every socket: as 1000 + `code` through GNS, as 4000 + `code` through
 * WebSocket (3000 + `code` - 1000 for the library's own), in a packet of its own over UDP.
 */
export interface DisconnectReason {
  /** 0 to 999: the application's; from 1000: a {@link DisconnectCode}. */
  readonly code: number;
  /** For people, at most 120 bytes in UTF-8. */
  readonly text: string;
}

/** Longest text of a {@link DisconnectReason}, in bytes of UTF-8: what fits a close frame of WebSocket and of GNS. */
export const MAX_REASON_BYTES = 120;

/** A reason of the library's own; what does not fit of its text is cut off. */
export function libraryReason(code: DisconnectCode, text: string): DisconnectReason {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= MAX_REASON_BYTES) return { code, text };
  // Half a character at the cut is left out.
  return { code, text: new TextDecoder().decode(bytes.subarray(0, MAX_REASON_BYTES)).replace(/\ufffd+$/, "") };
}

/** Checks a reason that an application gives. @throws RangeError for a code outside 0-999, or a text over 120 bytes. */
export function checkReason({ code, text }: DisconnectReason): void {
  if (!Number.isInteger(code) || code < 0 || code > 999) {
    throw new RangeError(`A disconnect code of the application is an integer from 0 to 999, not ${code}`);
  }
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > MAX_REASON_BYTES) {
    throw new RangeError(`A disconnect text has at most ${MAX_REASON_BYTES} bytes of UTF-8, not ${bytes}`);
  }
}
