import { DisconnectCode } from "../../socket/index.js";

/** Reasons after which a player may resume: the handshake finds out what a path carries now. */
export const LOSSES = new Set<number>([
  DisconnectCode.Timeout,
  DisconnectCode.ConnectionLost,
  DisconnectCode.PathTooSmall,
]);
/** Reasons after which the session may go on at another server only. */
export const STOPS = new Set<number>([DisconnectCode.ServerStopped, DisconnectCode.ProcessEnded]);

/** Reasons after which a client does not try to resume at that server again. */
export const REFUSALS = new Set<number>([
  DisconnectCode.ProtocolMismatch,
  DisconnectCode.RedirectLoop,
  DisconnectCode.RedirectRefused,
  DisconnectCode.AuthenticationFailed,
  DisconnectCode.SessionUnknown,
  DisconnectCode.InvalidPacket,
  ...STOPS,
]);

/** Those after which a client tries to resume: its player may be at another server. */
export const CLIENT_LOSSES = new Set<number>([...LOSSES, DisconnectCode.Moved]);

/** Reasons after which it is worth connecting again; no reason at all is one too. */
export const PASSING = new Set<number>([
  ...CLIENT_LOSSES,
  DisconnectCode.HandshakeTimeout,
  DisconnectCode.AuthenticationTimeout,
  DisconnectCode.ServerBusy,
  DisconnectCode.ServerFull,
  DisconnectCode.ServerClosed,
  ...STOPS,
]);
