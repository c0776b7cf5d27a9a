import type { Clock } from "../../clock.js";
import type { ConfigOption } from "../configuration/config-value.js";
import { SendFlags } from "../messages/send-type.js";
import type { InitializeOptions } from "../sockets/library.js";
import type { NetworkingSockets } from "../sockets/networking-sockets.js";
import type { CloseReason } from "../values/close-reason.js";
import type { ConnectionInfo } from "../values/connection-info.js";
import type { AddressLookup } from "./connect-attempts.js";
import type { CloseOptions, Connection } from "./connection.js";
import { EndpointCore } from "./endpoint-core.js";
import type { Listener } from "./listener.js";

/** Options of an {@link Endpoint}. */
export interface EndpointOptions extends InitializeOptions {
  /**
   * How long `connect` waits for an answer, unless its `config` has a `ConfigValue.TimeoutInitial`, and how long a
   * promise of `beforeAccept` may take: milliseconds, 1 to 9000.
   *
   * @defaultValue 5000
   */
  handshakeTimeoutMs?: number;
  /** What times connecting, and verdicts of `beforeAccept`. @defaultValue the clock of the platform */
  clock?: Clock;
}

/** Where an {@link Endpoint} listens, and which connections it accepts. */
export interface ListenOptions {
  /**
   * The UDP port; 0 takes a free one.
   *
   * @defaultValue 0
   */
  port?: number;
  /**
   * A numeric address; `::` takes IPv6 and IPv4.
   *
   * @defaultValue "::"
   */
  host?: string;
  /** GNS's configuration for the listener and the connections that come in by it. @defaultValue none */
  config?: readonly ConfigOption[];
  /**
   * Connections at once, 0 to 2^31-1; more are refused.
   *
   * @defaultValue 100 (a `Peer` has 1000)
   */
  maxConnections?: number;
  /**
   * Asked before a connection is accepted: true, or the reason to refuse it with, or a promise of one within
   * `handshakeTimeoutMs`. When it throws, or answers something else, the connection is refused with "The server
   * failed", and `onError` gets the error.
   *
   * @defaultValue all are accepted, up to `maxConnections`
   */
  beforeAccept?: (info: ConnectionInfo) => true | Required<CloseReason> | PromiseLike<true | Required<CloseReason>>;
  /**
   * Gets the errors of `beforeAccept`; a wrong answer is a TypeError.
   *
   * @defaultValue `process.emitWarning`
   */
  onError?: (error: unknown) => void;
}

/** Where an {@link Endpoint} connects to, and how. */
export interface ConnectOptions {
  /** A name or a numeric address. Of a name, the addresses of both families are tried. */
  host: string;
  /** The UDP port, 1 to 65535. */
  port: number;
  /** Aborting closes what was started and rejects with the signal's reason. */
  signal?: AbortSignal;
  /** GNS's configuration for the connection. @defaultValue none */
  config?: readonly ConfigOption[];
  /**
   * Finds the addresses of a name.
   *
   * @defaultValue `dns.lookup`
   */
  lookup?: AddressLookup;
}

/**
 * The idiomatic face of GNS: it listens and connects, with events, promises and async iteration, over one
 * {@link NetworkingSockets}. It initializes the library, and gives that use back when it is destroyed.
 *
 * ```ts
 * const endpoint = new Endpoint();
 * const listener = endpoint.listen({ port: 27015 });
 * for await (const connection of listener) connection.on("message", ({ data }) => connection.send(data));
 * ```
 */
export class Endpoint {
  readonly #core: EndpointCore;

  /**
   * @throws NetworkError `ERR_FAILED`: the library could not be initialized, or runs with another driver or identity
   */
  constructor(options: EndpointOptions = {}) {
    this.#core = new EndpointCore(options);
  }

  /**
   * The sockets below it, for queries and configuration. It takes their events and messages; do not dispatch or
   * receive.
   */
  get sockets(): NetworkingSockets {
    return this.#core.sockets;
  }

  /** The connections that are open. */
  get connections(): Connection[] {
    return this.#core.connections;
  }

  /**
   * Listens on a UDP port.
   *
   * @throws NetworkError `ERR_ADDRESS_IN_USE`, `ERR_ACCESS`, `ERR_FAILED`; `ERR_BAD_CERTIFICATE`: `authenticatedOnly`
   *   in a process that trusts no authority
   */
  listen(options: ListenOptions = {}): Listener {
    return this.#core.listen(options);
  }

  /**
   * Connects, and resolves when the connection is `Connected`.
   *
   * @throws NetworkError `ERR_NAME_NOT_FOUND`; `ERR_BAD_CERTIFICATE`, at once if `authenticatedOnly` is given and the
   *   process trusts no authority; `ERR_CONNECT_FAILED`: nobody answered; `ERR_OTHER_PROTOCOL`: a server over UDP
   *   answers there; `ERR_REFUSED`: the peer closed it, and gave the error's `reason`; `ERR_TOO_MANY_CONNECTIONS`;
   *   `ERR_CLOSED`: the endpoint was destroyed; or the signal's reason
   */
  connect(options: ConnectOptions): Promise<Connection> {
    return this.#core.connect(options);
  }

  /**
   * Sends one payload to many connections of this endpoint. It crosses into C++ once and is copied once.
   *
   * @param data 0 to 524,288 bytes
   * @param flags GNS's flags; reliable unless given
   * @returns how many took it; of the others, those with a full send buffer get `drain`, and the rest have ended
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE`: too large, or no such flags
   */
  sendToMany(connections: Iterable<Connection>, data: ArrayBufferView, flags: SendFlags = SendFlags.Reliable): number {
    return this.#core.sendToMany(connections, data, flags);
  }

  /** Closes every connection as `Connection.close` does, and then destroys the endpoint. */
  close(options: CloseOptions = {}): Promise<void> {
    return this.#core.close(options);
  }

  /** Closes everything at once. */
  destroy(): void {
    this.#core.destroy();
  }

  /** The same as {@link destroy}, for `using`. */
  [Symbol.dispose](): void {
    this.destroy();
  }

  /** The same as `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
