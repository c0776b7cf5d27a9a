import type { Pass } from "../guard/connection-guard.js";
import type { PlacesMetrics } from "../guard/places.js";
import type { Verdict } from "../verdict.js";
import type { DisconnectReason } from "./disconnect-reason.js";

/** How a packet is to travel. It makes a difference only on a handle that is `reliable`. */
export enum Delivery {
  /** It may be lost, and come in another order. */
  Unreliable = 0,
  /** It arrives, in order within its lane, or the connection ends. */
  Reliable = 1,
}

/** How many lanes `ISocket.send` has, numbered from 0. Reliable packets keep their order within a lane. */
export const LANE_COUNT = 6;

/**
 * `encrypted`: an eavesdropper learns nothing, but neither side is authenticated, so a man in the middle can read
 * everything. `authenticated`: a man in the middle cannot, since one end has proved its identity to the other. (A
 * server with a certificate or a pinned key has proved it to its client. To a server, only a client with a GNS
 * certificate has.)
 */
export type Security = "none" | "encrypted" | "authenticated";

/** What a listening socket is bound to. A `SocketFactory` makes it for its own sockets. */
export type IBindEndPoint = object;

/** What a client connects to. A `SocketFactory` makes it for its own sockets. */
export type IConnectEndPoint = object;

/**
 * The other end, as a socket sees it.
 *
 * A *stateful* handle stands for one connection of the transport (GNS, WebSocket): it is one object from `onConnect` to
 * `onDisconnect`. A *stateless* handle is an address (UDP): the socket may use one object for all packets and change it
 * with each, so keep a `copy()` of it.
 */
export interface IConnectionHandle {
  /** Whether it stands for a connection of the transport; else it is an address. */
  readonly isStateful: boolean;
  /** Packets sent with `Delivery.Reliable` arrive, in order within their lane, or the connection ends. */
  readonly reliable: boolean;
  /** All packets arrive, in one order, whatever their delivery (the transport is a byte stream). */
  readonly ordered: boolean;
  /** How the transport itself protects packets, without Noise. */
  readonly security: Security;
  /**
   * The transport's own TLS encrypts the connection (wss, WebTransport, a proxy in front), so encryption of the layers
   * above would be a second one and is left out.
   */
  readonly isTls: boolean;
  /** Which transport it is: `udp`, `gns`, `websocket`, `webtransport`, `memory`, or the name of one of your own. */
  readonly transport: string;
  /** The transport has made sure that the other end can be reached at its address. */
  readonly addressVerified: boolean;
  /**
   * Largest packet that `send` accepts, in bytes. On a handle that is `reliable` but not `ordered` it applies to
   * unreliable packets; reliable ones may have 16384 bytes.
   */
  readonly maxPacketSize: number;
  /** How fast the transport estimates that it can send, in bytes per second; `Infinity` if it makes no estimate. */
  readonly bytesPerSecond: number;
  /** Bytes that `send` accepted and that have not left yet, or that the other side has yet to acknowledge (GNS). */
  readonly bufferedBytes: number;
  /**
   * Whether so much waits to leave that what is sent now leaves notably later (GNS: over 20 ms; WebSocket: behind 64
   * KiB). Its user keeps back what may be too old by then. The answer costs little. Stateless handles: false.
   */
  readonly isCongested: boolean;
  /** For logs, limits and lookups: the same text for equal handles. It is made on each access. */
  readonly address: string;
  /** Stateful handles only: the user of the socket may keep an object here. */
  connection: unknown;
  /** Server: what a `ConnectionGuard` has given for it, so that it is asked once about each newcomer. */
  pass?: Pass | null;
  /** A handle that keeps its value. A stateful handle returns itself. */
  copy(): IConnectionHandle;
  /** Whether both stand for the same other end. */
  equals(other: IConnectionHandle): boolean;
  /**
   * Ends the transport's connection after everything that was sent reliably, and takes the reason along. May be called
   * more than once. Resolves when the other side has received it, or after a bounded time. Does nothing on a stateless
   * handle.
   */
  disconnect(reason: DisconnectReason): Promise<void>;
}

/** A packet that `ISocket.receive` fills in. One object serves for all packets. */
export class ReceivedPacket {
  /** Whom it came from. Keep a `copy()` of a stateless one. */
  handle!: IConnectionHandle;
  /** Holds the packet from `offset` on, until the next call of any method of the socket. */
  buffer!: Uint8Array;
  /** Where it begins in `buffer`. */
  offset = 0;
  /** How many bytes it has. */
  length = 0;
  /** How it was sent, if the transport tells. */
  delivery = Delivery.Unreliable;
  /** The lane that a reliable packet was sent in, 0 to 5; 0 on transports without lanes. */
  lane = 0;
}

/** A connection that the transport has not accepted yet. */
export interface IncomingConnection {
  /** `host:port`, or an identity. */
  readonly address: string;
  /** How the transport itself protects it, without Noise. */
  readonly security: Security;
  /** WebSocket: path and query of the request line. */
  readonly path?: string;
  /** WebSocket: the origin of the web page. */
  readonly origin?: string;
}

/**
 * What a socket reports to its user. All events but `onReadable`, `onIncoming` and `onExit` are called inside `tick`;
 * those three are never called inside a method of a socket. If a handler throws, `tick` throws its exception (for
 * `onIncoming`, the next `tick` does, and the connection is refused; likewise if its answer is no verdict). Events that
 * the exception held up follow with the next `tick`.
 */
export interface SocketEvents {
  /** There is work for `tick` and `receive`. Called once until the next `tick`. */
  onReadable(): void;
  /**
   * Decides about a stateful connection before it is accepted: `true`, or the reason to refuse it, or a promise of one,
   * for which the transport waits as long as for a handshake.
   */
  onIncoming(incoming: IncomingConnection): Verdict | PromiseLike<Verdict>;
  /** A stateful connection has come in and is open. */
  onConnect(handle: IConnectionHandle): void;
  /** A stateful connection has ended, but not by our own `disconnect`. All its packets have been received. */
  onDisconnect(handle: IConnectionHandle, reason: DisconnectReason): void;
  /** A handle that refused a packet accepts packets again. */
  onWritable(handle: IConnectionHandle): void;
  /**
   * The process is about to end. What is sent synchronously in here is the last that the other side hears. Not called
   * where the transport closes its connections by itself.
   */
  onExit?(): void;
}

/** What the socket of a Peer has counted. */
export interface SocketMetrics {
  /** Packets that were dropped because a queue was full. */
  droppedPackets: number;
  /** Connections that wait for the transport or a verdict; null where the transport has none. */
  pendingConnections: PlacesMetrics | null;
  /**
   * Figures that only this transport has. GNS, for the whole process: `places`, how many of its 8191 places are taken;
   * `unconfirmedCloses`, closed connections that keep theirs until the other side knows; `droppedEvents`. UDP over
   * node:dgram: `addonFailure`, why it is not the addon's own UDP, where that was wanted.
   */
  transport: Readonly<Record<string, number | string>>;
}

/**
 * Sends and receives packets without knowing what is in them (Mirage's `ISocket`). Its user keeps calling `tick`, then
 * `receive` as long as `poll` returns true; `send`; `flush`. docs/implementing-a-socket.md says how to write one.
 */
export interface ISocket<
  Bind extends IBindEndPoint = IBindEndPoint,
  Connect extends IConnectEndPoint = IConnectEndPoint,
> {
  /** Set it once, before `bind` or `connect`. */
  events: SocketEvents | null;
  /** The port that the socket is bound to; null if there is none. */
  readonly boundPort: number | null;
  /** Of a socket over several transports: the port of each, in their order. Left out by all others. */
  readonly boundPorts?: readonly (number | null)[];
  /** How many packets were dropped because a queue was full, if the transport drops packets. */
  readonly droppedPackets?: number;
  /** Connections that wait for the transport or a verdict (WebSocket: TCP before the upgrade; GNS: for a verdict). */
  readonly pendingConnections?: PlacesMetrics | undefined;
  /** Other figures of the transport, by name, for `metrics.socket.transport` of servers and clients. */
  readonly transportFigures?: Readonly<Record<string, number | string>> | undefined;
  /**
   * Starts to listen. After a failure it may be tried again.
   * @throws NetworkError `ERR_ADDRESS_IN_USE`, `ERR_ACCESS`, `ERR_NAME_NOT_FOUND`, `ERR_NOT_SUPPORTED` (not on this
   *   platform), `ERR_IN_USE` (already bound or connected), `ERR_CLOSED` (also when it is closed meanwhile),
   *   `ERR_FAILED`; RangeError `ERR_OUT_OF_RANGE` for a port outside 0 to 65535
   */
  bind(endPoint: Bind): Promise<void>;
  /**
   * Connects to one other end, and resolves when packets can be sent to it. Over a stateless transport that does not
   * mean that anybody answers. No packet of a stateful handle is received before. A socket is bound or connected only
   * once.
   * @throws NetworkError `ERR_CONNECT_FAILED` (with the `reason` if the other side refused) and the errors of `bind`;
   *   the signal's reason if it aborts
   */
  connect(endPoint: Connect, signal?: AbortSignal): Promise<IConnectionHandle>;
  /** Frees everything and ends all open connections. Resolves when all is closed. May be called more than once. */
  close(): Promise<void>;
  /** Begins a round of receiving: takes what has arrived from the transport, and calls the events. */
  tick(): void;
  /** Whether there is a packet for `receive`. */
  poll(): boolean;
  /** Fills `packet` with the next one. @throws NetworkError `ERR_NO_PACKET` if `poll` would return false */
  receive(packet: ReceivedPacket): void;
  /**
   * Sends the first `length` bytes of `packet`, which the socket no longer uses once this returns. On transports with
   * lanes, reliable packets keep their order within a lane, 0 to 5.
   * @returns false: the connection is full and the packet was not accepted (`onWritable` follows), or the connection
   *   has ended (nothing follows)
   * @throws RangeError for a length under 1, over the limit of the handle, or over the length of `packet`
   */
  send(handle: IConnectionHandle, packet: Uint8Array, length: number, delivery: Delivery, lane?: number): boolean;
  /** Ends a round of sending: everything that is queued leaves. */
  flush(): void;
}
