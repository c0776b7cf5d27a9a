import { DisconnectCode } from "../../socket/index.js";

/** Reasons after which a client tries to resume: the handshake finds out what a path carries now. */
export const LOSSES = new Set<number>([
  DisconnectCode.Timeout,
  DisconnectCode.ConnectionLost,
  DisconnectCode.PathTooSmall,
]);
/** Reasons after which a client stops trying. */
export const REFUSALS = new Set<number>([
  DisconnectCode.AuthenticationFailed,
  DisconnectCode.SessionUnknown,
  DisconnectCode.InvalidPacket,
  DisconnectCode.ServerStopped,
  DisconnectCode.ProcessEnded,
]);

/** Reasons after which it is worth connecting again; no reason at all is one too. */
export const PASSING = new Set<number>([
  ...LOSSES,
  DisconnectCode.HandshakeTimeout,
  DisconnectCode.AuthenticationTimeout,
  DisconnectCode.ServerBusy,
  DisconnectCode.ServerFull,
  DisconnectCode.ServerClosed,
  DisconnectCode.ServerStopped,
  DisconnectCode.ProcessEnded,
]);
