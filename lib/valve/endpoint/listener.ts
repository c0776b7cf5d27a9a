import type { EventListener } from "../../event-hub.js";
import type { Address } from "../values/address.js";
import type { CloseReason } from "../values/close-reason.js";
import type { Connection } from "./connection.js";

/** The events of a {@link Listener}, with the arguments of their listeners. */
export interface ListenerEvents {
  /** A connection has come in and is open. */
  connection: [connection: Connection];
  /** The listener has been closed. */
  close: [];
}

/**
 * A listen socket of an `Endpoint`. Its connections come by `on("connection")` or `for await`; those that come before
 * anybody takes them wait.
 */
export interface Listener extends AsyncIterable<Connection> {
  /** GNS's handle. */
  readonly handle: number;
  /** Where it listens; the port is the real one, also after port 0. */
  readonly address: Address;
  /** That of {@link address}. */
  readonly port: number;
  /** Adds a listener of an event, as `Connection.on` does, and returns a function that removes it. */
  on<Name extends keyof ListenerEvents>(name: Name, listener: EventListener<ListenerEvents[Name]>): () => void;
  /** Connections as they come in, until the listener closes. */
  [Symbol.asyncIterator](): AsyncIterator<Connection>;
  /**
   * Closes it and every connection that came in by it; their peers get the reason.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE`
   */
  close(reason?: CloseReason): void;
  /** The same as `close()`, for `using`. */
  [Symbol.dispose](): void;
  /** Lets the process end while this is open. Connections that come in later inherit it. */
  unref(): this;
  /** Keeps the process alive while this is open, as it does without {@link unref}. */
  ref(): this;
}
