import type { EventListener } from "../../event-hub.js";
import type { SendFlags } from "../messages/send-type.js";
import type { Address } from "../values/address.js";
import type { CloseReason } from "../values/close-reason.js";
import type { NetworkingIdentity } from "../values/networking-identity.js";

/** A message that a {@link Connection} received; it owns its bytes. */
export interface ReceivedMessage {
  /** The payload, in memory of its own. */
  readonly data: Uint8Array;
  /** Whether it was sent reliably. */
  readonly isReliable: boolean;
  /** The sender's lane, from 0 on. */
  readonly lane: number;
  /** The sender's number, from 1 on in each lane. */
  readonly messageNumber: number;
  /** In microseconds of `Library.time`. */
  readonly timeReceived: number;
}

/** How a connection ended. */
export interface CloseInfo {
  /** Closed here, by the peer, or lost (timeout, protocol error). */
  readonly by: "us" | "peer" | "network";
  /** GNS's number (see `ConnectionInfo.endReason`). */
  readonly endReason: number;
  /** The code that was given to `close`, 0 to 999; null if no application gave one. */
  readonly code: number | null;
  /** The text that came with it; GNS's own words if there was none. */
  readonly text: string;
  /** Closed here: whether the peer had acknowledged everything before. */
  readonly flushed: boolean;
}

/** How a connection of an {@link Endpoint} is closed. */
export interface CloseOptions extends CloseReason {
  /**
   * How long to wait, in milliseconds, until everything is sent and acknowledged, 0 to 2^32-1.
   *
   * @defaultValue 5000
   */
  timeoutMs?: number;
}

/** The events of a connection of an {@link Endpoint}, with the arguments of their listeners. */
export interface ConnectionEvents {
  /** A message has come. With a listener, nobody else takes the messages of this connection. */
  message: [message: ReceivedMessage];
  /** After a send that found the send buffer full: no more than `lowWaterBytes` are left in it. */
  drain: [];
  /** The connection has ended. It comes once, and nothing follows. */
  close: [info: CloseInfo];
}

/**
 * A connection of an `Endpoint`.
 *
 * Its messages go to one consumer: `on("message")`, `for await`, or `receive()`. What nobody takes stays in GNS, which
 * slows the peer down and loses nothing that is reliable.
 */
export interface Connection extends AsyncIterable<ReceivedMessage> {
  /** GNS's handle. */
  readonly handle: number;
  /** The address of the peer; all zero for peer-to-peer connections over a relay. */
  readonly remoteAddress: Address;
  /** Who the peer says it is. This proves nothing unless certificates are in use. */
  readonly identity: NetworkingIdentity;
  /** Whether it came in by a listener. */
  readonly isIncoming: boolean;
  /** Resolves when the connection has ended. Never rejects. */
  readonly closed: Promise<CloseInfo>;
  /** How it ended; null while it is open. */
  readonly closeInfo: CloseInfo | null;
  /** Bytes that wait to be sent, those for retransmission included; 0 once it has ended. */
  readonly bufferedBytes: number;
  /**
   * `drain` comes when no more than this waits to be sent, in bytes.
   *
   * @defaultValue 65,536
   */
  lowWaterBytes: number;

  /**
   * Adds a listener of an event, and returns a function that removes it. An exception of a listener is an uncaught
   * exception of the process; the other listeners are called all the same.
   *
   * @throws NetworkError `ERR_IN_USE`: `message`, while messages are taken in another way
   */
  on<Name extends keyof ConnectionEvents>(name: Name, listener: EventListener<ConnectionEvents[Name]>): () => void;

  /**
   * Sends a message; the bytes are copied.
   *
   * @param data 0 to 524,288 bytes
   * @param flags GNS's flags; reliable unless given
   * @param lane 0, or one that `NetworkingSockets.configureConnectionLanes` has made; 0 unless given
   * @returns true: taken. False: not taken. Either the send buffer is full, and `drain` follows; or the connection is
   *   closing or has ended; or, with `NoDelay`, the message could not leave at once.
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE`: too large, no such flags or lane
   */
  send(data: ArrayBufferView, flags?: SendFlags, lane?: number): boolean;

  /**
   * Takes the next message; undefined: none is here.
   *
   * @throws NetworkError `ERR_IN_USE`: messages go to a listener or a loop
   */
  receive(): ReceivedMessage | undefined;

  /**
   * The messages, until the connection ends. Leaving the loop closes nothing, and another loop goes on where it ended.
   *
   * @throws NetworkError `ERR_IN_USE`: messages are taken in another way, or another loop is waiting
   */
  [Symbol.asyncIterator](): AsyncIterator<ReceivedMessage>;

  /**
   * Closes the connection when the peer has acknowledged everything, or time is up. Resolves with whether it had;
   * unread messages are lost. If GNS does not tell of the end, it resolves with false 5 s after that time. Later calls
   * give the same promise; on an ended connection it resolves with false.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE`
   */
  close(options?: CloseOptions): Promise<boolean>;

  /** Closes at once; what is not sent is lost. Throws like {@link close}. */
  destroy(reason?: CloseReason): void;

  /** The same as `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;

  /** Lets the process end while this connection is open. */
  unref(): this;

  /** Keeps the process alive while this connection is open, as it does without {@link unref}. */
  ref(): this;
}
