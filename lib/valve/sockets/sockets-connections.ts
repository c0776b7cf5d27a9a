import { type NativeOption, native } from "../../addon/native.js";
import { type ConfigOption, dataTypeOf } from "../configuration/config-value.js";
import { checkServerList } from "../configuration/ice-servers.js";
import { forgetConnectionRates } from "../configuration/legacy-configuration.js";
import { Address } from "../values/address.js";
import { checkFunction, checkInstance, checkInteger, rangeError, typeError } from "../values/arguments.js";
import { gnsCloseDebug, gnsCloseReason } from "../values/close-reason.js";
import { NetworkingIdentity } from "../values/networking-identity.js";
import type { Result } from "../values/result.js";
import { type StatusCallback, statusInfoOf } from "../values/status-info.js";
import { getLastError, noteCreate } from "./runtime.js";
import { SocketsOwner } from "./sockets-owner.js";

/** The two ends that `createSocketPair` makes. */
export class SocketPair {
  connectionOne = 0;
  connectionTwo = 0;
}

/** The first of the ports that are meant for passing use (IANA), and how many there are. */
const FIRST_FREE_PORT = 49_152;
const FREE_PORTS = 16_384;
const PORT_ATTEMPTS = 256;
const MAX_OPTIONS = 256;
/** How long a lingering close, and with it the natural end of the process, waits for the other side. */
const LINGER_MS = 5000;

/** The part of {@link NetworkingSockets} that opens and closes, and tells of it. */
export abstract class SocketsConnections extends SocketsOwner {
  /**
   * Creates a socket that others connect to (ValveSockets README). Address `[::]` takes IPv6 and IPv4. Port 0 takes a
   * free port, which {@link getListenSocketAddress} tells.
   *
   * @param options GNS's configuration for it and for what comes in by it (not in the README)
   * @returns the listen socket, or 0: see `Library.lastError` (`ERR_ADDRESS_IN_USE`, `ERR_ACCESS`, `ERR_FAILED`)
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE`, NetworkError `ERR_NOT_INITIALIZED`
   */
  createListenSocket(address: Address, options: readonly ConfigOption[] = []): number {
    checkInstance("address", address, Address);
    const owner = this.owner;
    const nativeOptions = nativeOptionsOf(options);
    const listen = (port: number) => noteCreate(native.createListenSocket(owner, address.ip, port, nativeOptions));
    if (address.port !== 0) return this.noteOpened(listen(address.port));
    for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
      const handle = listen(FIRST_FREE_PORT + (Math.floor(this.random() * FREE_PORTS) % FREE_PORTS));
      if (handle !== 0 || getLastError()?.code !== "ERR_ADDRESS_IN_USE") return this.noteOpened(handle);
    }
    return 0;
  }

  /**
   * Starts to connect (ValveSockets README). Whether that succeeds is told by an event: `Connected`, `ClosedByPeer` or
   * `ProblemDetectedLocally`.
   *
   * @param options GNS's configuration for it (not in the README)
   * @returns the connection, or 0: see `Library.lastError` (`ERR_TOO_MANY_CONNECTIONS`, `ERR_FAILED`)
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, RangeError `ERR_OUT_OF_RANGE`, NetworkError `ERR_NOT_INITIALIZED`
   */
  connect(address: Address, options: readonly ConfigOption[] = []): number {
    checkInstance("address", address, Address);
    const owner = this.owner;
    return this.noteOpened(noteCreate(native.connect(owner, address.ip, address.port, nativeOptionsOf(options))));
  }

  /**
   * Accepts an incoming connection that is `Connecting` (ValveSockets README).
   *
   * @returns `OK`; `InvalidParam`: no such connection; `InvalidState`: not incoming, or accepted before
   */
  acceptConnection(connection: number): Result {
    return native.acceptConnection(this.owner, connection);
  }

  /**
   * Closes a connection and frees its handle (ValveSockets README). What has not been read is lost.
   *
   * @param reason 0 to 999, which the other side reads as `applicationReason`, or GNS's numbers 1000-2999
   * @param debug text for the other side, cut after 127 bytes
   * @param enableLinger send first what is waiting, for at most 5 seconds; otherwise it is lost
   * @returns false if there is no such connection
   * @throws RangeError `ERR_OUT_OF_RANGE`: another reason, or text with a NUL
   */
  closeConnection(connection: number, reason = 0, debug = "", enableLinger = false): boolean {
    if (typeof enableLinger !== "boolean") throw typeError("enableLinger", "a boolean");
    return this.closeConnectionGracefully(connection, reason, debug, enableLinger ? LINGER_MS : 0);
  }

  /**
   * Closes a connection when the other side has acknowledged everything, or `timeoutMs` (0 to 2^32-1) are over. Its
   * handle is unknown at once; the event for state `None` comes when it is closed, and `StatusInfo.flushed` tells which.
   * (Not in the README.)
   *
   * @returns false if there is no such connection
   * @throws RangeError `ERR_OUT_OF_RANGE`: another reason, or text with a NUL
   */
  closeConnectionGracefully(connection: number, reason = 0, debug = "", timeoutMs = LINGER_MS): boolean {
    const owner = this.owner;
    const isClosed = native.closeConnection(owner, connection, gnsCloseReason(reason), gnsCloseDebug(debug), timeoutMs);
    if (isClosed) {
      forgetConnectionRates(connection);
      this.noteClosed(connection);
    }
    return isClosed;
  }

  /**
   * Closes a listen socket and all connections that came in by it (ValveSockets README). Each of them is told.
   *
   * @param remoteReason text for the other sides, cut after 127 bytes
   * @returns false if there is no such listen socket
   */
  closeListenSocket(socket: number, remoteReason?: string): boolean;
  /** @param reason, debug as for {@link closeConnection} */
  closeListenSocket(socket: number, reason: number, debug?: string): boolean;
  closeListenSocket(socket: number, first: string | number = "", second = ""): boolean {
    const [reason, debug] = typeof first === "number" ? [first, second] : [0, first];
    const owner = this.owner;
    const isClosed = native.closeListenSocket(owner, socket, gnsCloseReason(reason), gnsCloseDebug(debug));
    if (isClosed) this.noteClosed(socket);
    return isClosed;
  }

  /**
   * Makes two connections that talk to each other (ValveSockets README). Both are `Connected` at once and no event says
   * so; when one is closed, the other gets an event.
   *
   * @param pair gets the two connections
   * @param useNetworkLoopback through 127.0.0.1, with encryption and fake lag and loss; otherwise through memory
   * @param identityOne whom connection one takes the other side for (GNS), `identityTwo` likewise
   */
  createSocketPair(
    pair: SocketPair,
    useNetworkLoopback?: boolean,
    identityOne?: NetworkingIdentity | null,
    identityTwo?: NetworkingIdentity | null,
  ): boolean;
  /** Returns the pair, or null on failure. */
  createSocketPair(
    useNetworkLoopback?: boolean,
    identityOne?: NetworkingIdentity | null,
    identityTwo?: NetworkingIdentity | null,
  ): SocketPair | null;
  createSocketPair(...parameters: unknown[]): boolean | SocketPair | null {
    const into = typeof parameters[0] === "object" ? parameters.shift() : undefined;
    if (into !== undefined) checkInstance("pair", into, SocketPair);
    const [useNetworkLoopback = false, identityOne = null, identityTwo = null] = parameters;
    if (typeof useNetworkLoopback !== "boolean") throw typeError("useNetworkLoopback", "a boolean");
    const identities = [
      encodeIdentity("identityOne", identityOne),
      encodeIdentity("identityTwo", identityTwo),
    ] as const;
    const made = noteCreate(native.createSocketPair(this.owner, useNetworkLoopback, ...identities));
    if (made !== null) for (const handle of made) this.noteOpened(handle);
    const pair = into instanceof SocketPair ? into : new SocketPair();
    [pair.connectionOne, pair.connectionTwo] = made ?? [0, 0];
    if (into !== undefined) return made !== null;
    return made === null ? null : pair;
  }

  /**
   * Where a listen socket listens (ValveSockets README).
   *
   * @param address gets address and port
   * @returns false if there is no such listen socket
   */
  getListenSocketAddress(socket: number, address: Address): boolean;
  /** Returns the address, or null. */
  getListenSocketAddress(socket: number): Address | null;
  getListenSocketAddress(socket: number, into?: Address): boolean | Address | null {
    if (into !== undefined) checkInstance("address", into, Address);
    const found = native.getListenSocketAddress(this.owner, socket);
    if (found === null) return into === undefined ? null : false;
    const address = into ?? new Address();
    address.ip = found.ip;
    address.port = found.port;
    return into === undefined ? address : true;
  }

  /**
   * Hands the oldest change of state to `callback`, if there is one (ValveSockets README). An exception of the callback
   * comes out here, and the event counts as delivered.
   *
   * @param context handed to the callback as it is
   * @returns whether there was one
   */
  dispatchCallback(callback: StatusCallback<undefined>): boolean;
  dispatchCallback<Context>(callback: StatusCallback<Context>, context: Context): boolean;
  dispatchCallback(callback: StatusCallback<never>, context?: unknown): boolean {
    checkFunction("callback", callback);
    const event = native.nextEvent(this.owner);
    if (event === null) return false;
    (callback as StatusCallback)(statusInfoOf(event), context);
    return true;
  }

  /**
   * Hands changes of state to `callback` until there are no more, or `max` of them, or `callback` has destroyed this
   * object or given the library back. (Not in the README.)
   *
   * @returns their number
   */
  dispatchCallbacks(callback: StatusCallback<undefined>): number;
  dispatchCallbacks<Context>(callback: StatusCallback<Context>, context: Context, max?: number): number;
  dispatchCallbacks(callback: StatusCallback<never>, context?: unknown, max = 0x7fffffff): number {
    checkInteger("max", max, 0, 0x7fffffff);
    if (max === 0) return 0;
    let count = 0;
    while (this.dispatchCallback(callback as StatusCallback, context)) {
      count++;
      if (count === max || !this.isUsable) break;
    }
    return count;
  }
}

/** @internal */
export function nativeOptionsOf(options: readonly ConfigOption[]): NativeOption[] {
  if (!Array.isArray(options)) throw typeError("options", "an array");
  if (options.length > MAX_OPTIONS) throw rangeError("options", `at most ${MAX_OPTIONS} long`);
  return options.map((option) => {
    if (typeof option !== "object" || option === null) throw typeError("options", "an array of ConfigOption");
    checkServerList(option.value, option.data);
    return [option.value, dataTypeOf(option.data), option.data];
  });
}

/** @internal */
export function encodeIdentity(name: string, identity: unknown): Uint8Array | null {
  if (identity === null) return null;
  checkInstance(name, identity, NetworkingIdentity);
  return NetworkingIdentity.encode(identity as NetworkingIdentity);
}
