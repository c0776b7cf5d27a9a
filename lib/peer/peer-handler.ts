import type { DisconnectReason, IncomingConnection } from "../socket/index.js";
import type { ByteSegment } from "./byte-segment.js";
import type { Channel } from "./channel.js";
import type { IConnection } from "./connection/connection.js";

/** What a Peer tells its user. What a callback throws is reported as an uncaught error, and harms no connection. */
export interface PeerHandler {
  /** A message has come. It lies in a buffer of the Peer: valid during the call, `copy()` keeps it. */
  onMessage(connection: IConnection, message: ByteSegment, channel: Channel, lane: number): void;
  onConnected?(connection: IConnection): void;
  /** Once for every connection that was connected. */
  onDisconnected?(connection: IConnection, reason: DisconnectReason): void;
  /** A `send` that was refused may be tried again. */
  onDrain?(connection: IConnection): void;
  /** Server: whether somebody new is wanted: `true`, or why not. */
  beforeAccept?(incoming: IncomingConnection): true | DisconnectReason;
}
