import type { DisconnectReason } from "./disconnect-reason.js";

/** How a packet is to travel. Only a handle that is `reliable` knows the difference. */
export enum Delivery {
  Unreliable = 0,
  Reliable = 1,
}

/** How many lanes `ISocket.send` has, numbered from 0. Reliable packets keep their order within a lane. */
export const LANE_COUNT = 6;

/**
 * `encrypted`: who only listens learns nothing, but somebody could sit between the two ends. `authenticated`: nobody can, since
 * one end has proved to the other who it is. (To its client a server with a certificate or a pinned key has. To a server only a
 * client with a certificate of GNS has.)
 */
export type Security = "none" | "encrypted" | "authenticated";

/** What a listening socket is bound to. Made by a `SocketFactory`, understood by its sockets only. */
export type IBindEndPoint = object;

/** What a client connects to. Made by a `SocketFactory`, understood by its sockets only. */
export type IConnectEndPoint = object;

/**
 * The other end, as a socket sees it.
 *
 * A *stateful* handle stands for one connection of the transport (GNS, WebSocket): one object from `onConnect` to
 * `onDisconnect`. A *stateless* one is an address (UDP): the socket may hand out the same object for every packet and
 * change it, so whoever keeps one keeps a `copy()`.
 */
export interface IConnectionHandle {
  readonly isStateful: boolean;
  /** Packets sent with `Delivery.Reliable` arrive, in order within their lane, or the connection ends. */
  readonly reliable: boolean;
  /** All packets arrive, in one order, whatever their delivery (a byte stream below). */
  readonly ordered: boolean;
  readonly security: Security;
  /** The transport has made sure that the other end can be reached at its address. */
  readonly addressVerified: boolean;
  /**
   * Largest packet that `send` takes, in bytes; for an unreliable one on a handle that makes a difference, where a
   * reliable one has up to 16384.
   */
  readonly maxPacketSize: number;
  /** What the transport reckons it can send, in bytes per second; `Infinity` where it does not. */
  readonly bytesPerSecond: number;
  /** Bytes taken by `send` that have not left yet, or have not been acknowledged where the transport does that. */
  readonly bufferedBytes: number;
  /** For logs, limits and lookups: the same text for equal handles, made on access. */
  readonly address: string;
  /** Stateful handles only: a place for the user of the socket. */
  connection: unknown;
  /** A handle that keeps its value: itself when stateful. */
  copy(): IConnectionHandle;
  /** Whether both stand for the same other end. */
  equals(other: IConnectionHandle): boolean;
  /**
   * Ends the transport's connection, after what was sent reliably; the reason travels along. May be called more than
   * once. Resolves when the other side has it, or after a bounded time. Nothing to do for stateless handles.
   */
  disconnect(reason: DisconnectReason): Promise<void>;
}

/** A packet as `ISocket.receive` gives it; one object serves for all. */
export class ReceivedPacket {
  handle!: IConnectionHandle;
  /** The bytes lie here from `offset` on, and are valid until the next call of a method of the socket. */
  buffer!: Uint8Array;
  offset = 0;
  length = 0;
  /** As it was sent, where the transport tells. */
  delivery = Delivery.Unreliable;
  lane = 0;
}

/** A stranger who wants a connection, before the transport accepts it. */
export interface IncomingConnection {
  /** `host:port`, or an identity. */
  readonly address: string;
  readonly security: Security;
  /** WebSocket: the request line's path and query. */
  readonly path?: string;
  /** WebSocket: the page's origin. */
  readonly origin?: string;
}

/**
 * What a socket tells its user. All but `onReadable` and `onIncoming` come from inside `tick`, and those two never from
 * inside a method of a socket. An exception of a handler comes out of `tick` (of `onIncoming`: out of the next one, and
 * the stranger is refused); what it kept from being told is told by the next `tick`.
 */
export interface SocketEvents {
  /** There is something for `tick` and `receive`. Called once, until the next `tick`. */
  onReadable(): void;
  /** Before a stateful connection is accepted: `true`, or why not. */
  onIncoming(incoming: IncomingConnection): true | DisconnectReason;
  /** A stateful connection has come in and stands. */
  onConnect(handle: IConnectionHandle): void;
  /** A stateful connection has ended, and not by our own `disconnect`; its packets have been received. */
  onDisconnect(handle: IConnectionHandle, reason: DisconnectReason): void;
  /** A handle that refused a packet takes packets again. */
  onWritable(handle: IConnectionHandle): void;
}

/**
 * Sends and receives packets, and knows nothing of what is in them (Mirage's `ISocket`). Its user calls, again and
 * again: `tick`, then `receive` while `poll` says so; `send`; `flush`. How to write one: docs/implementing-a-socket.md.
 */
export interface ISocket<
  Bind extends IBindEndPoint = IBindEndPoint,
  Connect extends IConnectEndPoint = IConnectEndPoint,
> {
  /** Set once, before `bind` or `connect`. */
  events: SocketEvents | null;
  /** The port that it is bound to, where there is one. */
  readonly boundPort: number | null;
  /** How many packets were dropped for want of room, where the transport drops packets. */
  readonly droppedPackets?: number;
  /**
   * Starts to listen.
   * @throws NetworkError `ERR_ADDRESS_IN_USE`, `ERR_ACCESS`, `ERR_NOT_SUPPORTED` (not on this platform), `ERR_IN_USE`
   * (bound or connected already), `ERR_CLOSED`, `ERR_FAILED`
   */
  bind(endPoint: Bind): Promise<void>;
  /**
   * Prepares a way to one other end; resolves when packets can be sent. That there is an answer is not its business.
   * Nothing is received from a stateful handle before. A socket is bound or connected once.
   * @throws NetworkError `ERR_CONNECT_FAILED` (with the `reason` of a refusal) and what `bind` throws; the signal's
   * reason when it aborts
   */
  connect(endPoint: Connect, signal?: AbortSignal): Promise<IConnectionHandle>;
  /** Frees everything; connections that are still open end. Resolves when all is closed. May be called more than once. */
  close(): Promise<void>;
  /** Begins a round of receiving: takes what has come from the transport and calls the events. */
  tick(): void;
  /** Whether `receive` has a packet. */
  poll(): boolean;
  /** Fills `packet` with the next one. @throws NetworkError `ERR_NO_PACKET` where `poll` would say false */
  receive(packet: ReceivedPacket): void;
  /**
   * Sends the first `length` bytes of `packet`, which is copied or gone at return. The lane, 0 to 5, orders reliable
   * packets where the transport has lanes.
   * @returns false: full, and not taken (`onWritable` follows); or the handle has ended, and nothing follows
   * @throws RangeError for a length under 1, over what the handle takes, or over `packet`
   */
  send(handle: IConnectionHandle, packet: Uint8Array, length: number, delivery: Delivery, lane?: number): boolean;
  /** Ends a round of sending: what is queued leaves. */
  flush(): void;
}
