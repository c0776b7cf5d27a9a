import type { DisconnectReason, IncomingConnection } from "../socket/index.js";
import type { Verdict } from "../verdict.js";
import type { ByteSegment } from "./byte-segment.js";
import type { Channel } from "./channel.js";
import type { IConnection } from "./connection/connection.js";

/** What a {@link Peer} calls. An exception of a callback is reported as an uncaught error, and harms no connection. */
export interface PeerHandler<Connection extends IConnection = IConnection> {
  /**
   * A message has come.
   *
   * @param message lies in a buffer of the Peer: it is valid during the call, `copy()` keeps it
   * @param lane 0 to 3 on `Channel.Reliable` and `Channel.Sequenced`, 0 on the others
   */
  onMessage(connection: Connection, message: ByteSegment, channel: Channel, lane: number): void;
  /**
   * A handshake has finished: messages can be sent, and come from now on. On a client it is called before the promise
   * of `connect` resolves.
   */
  onConnected?(connection: Connection): void;
  /**
   * Server, UDP with encryption: the client's address has changed, as when its NAT gives it another port or a phone
   * leaves the Wi-Fi, and the connection has followed. `connection.handle` is the new address.
   *
   * @param from the address that it had
   */
  onMoved?(connection: Connection, from: string): void;
  /** Called once for every connection that was connected. */
  onDisconnected?(connection: Connection, reason: DisconnectReason): void;
  /** A `send` that answered false may be tried again. */
  onDrain?(connection: Connection): void;
  /**
   * Server: whether a new client is wanted: `true`, or why not, or a promise of one of these, which counts if it comes
   * within `handshakeTimeoutMs`; then the client hears `HandshakeTimeout`, and `onError` that it has not decided. Any
   * other answer lets nobody in, and goes to `onError`; the client hears the code 0 and "The server failed".
   */
  beforeAccept?(incoming: IncomingConnection): Verdict | PromiseLike<Verdict>;
  /**
   * What `beforeAccept` has thrown, a TypeError that says what it should have answered, or `ERR_HANDSHAKE_TIMEOUT` when
   * it has not answered in time. What `onStream` of a connection has thrown or rejected with. And, as `ERR_FAILED`,
   * what the socket has: instead of sending, which ends that connection, or when something was to end.
   *
   * @param connection that of `onStream`
   * @defaultValue a warning on the console; of `onStream` and the socket an uncaught error
   */
  onError?(error: unknown, connection?: Connection): void;
}

/** The names of all callbacks. */
export const CALLBACKS = [
  "onMessage",
  "onConnected",
  "onMoved",
  "onDisconnected",
  "onDrain",
  "beforeAccept",
  "onError",
] as const satisfies readonly (keyof PeerHandler)[];
