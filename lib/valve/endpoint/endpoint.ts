import { lookup } from "node:dns";
import { ReceiveSource } from "../../addon/native.js";
import { type Clock, systemClock } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import type { ConfigOption } from "../configuration/config-value.js";
import { MessageBatch } from "../messages/message-batch.js";
import { OutgoingBatch } from "../messages/outgoing-batch.js";
import { SendFlags } from "../messages/send-type.js";
import { type InitializeOptions, Library } from "../sockets/library.js";
import { NetworkingSockets } from "../sockets/networking-sockets.js";
import { Address } from "../values/address.js";
import { checkFunction, checkInteger, typeError } from "../values/arguments.js";
import { ConnectionState } from "../values/connection-state.js";
import { Result } from "../values/result.js";
import type { StatusInfo } from "../values/status-info.js";
import { ConnectAttempts, resolveBothFamilies } from "./connect-attempts.js";
import { type CloseInfo, type CloseOptions, Connection } from "./connection.js";
import { diagnostics } from "./diagnostics.js";
import { Listener } from "./listener.js";

export interface EndpointOptions extends InitializeOptions {
  clock?: Clock;
}

export interface ListenOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  /** A numeric address; `::`, the default, takes IPv6 and IPv4. */
  host?: string;
  /** GNS's configuration for the listener and what comes in by it. */
  config?: readonly ConfigOption[];
  /** Connections at once, 100 unless told; more are refused. */
  maxConnections?: number;
  /** Asked before a stranger is accepted: true, or the text it is refused with. */
  beforeAccept?: (info: StatusInfo["connectionInfo"]) => true | string;
}

export interface ConnectOptions {
  /** A name or a numeric address. Of a name, both address families are tried. */
  host: string;
  port: number;
  /** Aborting closes what was started and rejects with the signal's reason. */
  signal?: AbortSignal;
  /** GNS's configuration for the connection. */
  config?: readonly ConfigOption[];
  /** Finds the addresses of a name; `dns.lookup` unless told. */
  lookup?: typeof lookup;
}

/** Batches of messages taken in one turn of the event loop, so that timers and other sockets get their turn. */
const MAX_BATCHES_PER_TURN = 16;

/**
 * The idiomatic face of GNS: something that listens and connects, with events, promises and async iteration, over one
 * {@link NetworkingSockets}. It initializes the library, and gives that use back when it is destroyed.
 *
 * ```ts
 * const endpoint = new Endpoint();
 * const listener = endpoint.listen({ port: 27015 });
 * for await (const connection of listener) connection.on("message", ({ data }) => connection.send(data));
 * ```
 */
export class Endpoint {
  /** What it stands on, for queries and configuration. Its events and messages are taken; do not dispatch or receive. */
  readonly sockets: NetworkingSockets;
  readonly #connections = new Map<number, Connection>();
  readonly #listeners = new Map<number, { listener: Listener; options: ListenOptions; count: number }>();
  readonly #attempts: ConnectAttempts<Connection>;
  readonly #incoming = new Map<number, number>();
  /** The poll group of the connections whose messages are wanted. */
  readonly #flowing: number;
  readonly #batch = new MessageBatch();
  readonly #outgoing = new OutgoingBatch();
  #isDestroyed = false;

  /** @throws NetworkError `ERR_FAILED`: the library could not be initialized, or runs with another driver or identity */
  constructor(options: EndpointOptions = {}) {
    if (typeof options !== "object" || options === null) throw typeError("options", "an object");
    const { clock = systemClock, ...initialize } = options;
    checkClock(clock);
    if (!Library.initialize(initialize)) throw Library.lastError ?? new NetworkError("ERR_FAILED", "initialize failed");
    this.sockets = new NetworkingSockets();
    this.#attempts = new ConnectAttempts(this.sockets, clock);
    this.#flowing = this.sockets.createPollGroup();
    this.sockets.onReadable(() => this.#read());
  }

  /** Connections that are open. */
  get connections(): Iterable<Connection> {
    return this.#connections.values();
  }

  /**
   * Listens on a UDP port.
   *
   * @throws NetworkError `ERR_ADDRESS_IN_USE`, `ERR_ACCESS`, `ERR_FAILED`
   */
  listen(options: ListenOptions = {}): Listener {
    if (typeof options !== "object" || options === null) throw typeError("options", "an object");
    const { port = 0, host = "::", config = [], maxConnections = 100, beforeAccept } = options;
    checkInteger("maxConnections", maxConnections, 0, 0x7fffffff);
    if (beforeAccept !== undefined) checkFunction("beforeAccept", beforeAccept);
    const address = new Address();
    address.setAddress(host, port);
    const handle = this.sockets.createListenSocket(address, config);
    if (handle === 0) throw Library.lastError ?? new NetworkError("ERR_FAILED", "The listen socket was not created");
    const listener = new Listener(this, handle, this.sockets.getListenSocketAddress(handle) ?? address);
    this.#listeners.set(handle, { listener, options, count: 0 });
    return listener;
  }

  /**
   * Connects, and resolves when the connection is `Connected`.
   *
   * @throws NetworkError `ERR_NAME_NOT_FOUND`; `ERR_CONNECT_TIMEOUT`: nobody answered; `ERR_REFUSED`: the peer closed it,
   *   with its reason; `ERR_TOO_MANY_CONNECTIONS`; `ERR_CLOSED`: the endpoint was destroyed; or the signal's reason
   */
  async connect(options: ConnectOptions): Promise<Connection> {
    if (typeof options !== "object" || options === null) throw typeError("options", "an object");
    const { host, port, signal, config = [] } = options;
    if (typeof host !== "string" || host === "") throw typeError("host", "a name or a numeric address");
    checkInteger("port", port, 1, 65_535);
    signal?.throwIfAborted();
    const addresses = await resolveBothFamilies(host, port, options.lookup ?? lookup);
    signal?.throwIfAborted();
    if (this.#isDestroyed) throw destroyed();
    const ways = addresses.map((address) => () => this.sockets.connect(address, config));
    return await this.#attempts.first(ways, signal);
  }

  /**
   * Sends one payload to many connections of this endpoint; it crosses into C++ once and is copied once.
   *
   * @returns how many took it; the others get `drain`, or have ended
   */
  sendToMany(connections: Iterable<Connection>, data: ArrayBufferView, flags: SendFlags = SendFlags.Reliable): number {
    const open = [...connections].filter((connection) => connection.endpoint === this && !connection.closeInfo);
    const results = this.sockets.sendToMany(
      open.map((connection) => connection.handle),
      data,
      flags,
    );
    let taken = 0;
    for (const [index, connection] of open.entries()) {
      const result = results[index] as number;
      if (result > 0) taken++;
      else connection.noteRefused(-result as Result);
    }
    return taken;
  }

  /** Closes every connection gracefully and then destroys the endpoint. */
  async close(options: CloseOptions = {}): Promise<void> {
    await Promise.all([...this.#connections.values()].map((connection) => connection.close(options)));
    this.destroy();
  }

  /** Closes everything at once: peers see end reason 2999. */
  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    for (const { listener } of [...this.#listeners.values()]) listener.close();
    this.#attempts.failAll(destroyed());
    for (const connection of [...this.#connections.values()]) this.closeNow(connection, 0, "");
    this.sockets.destroy();
    Library.deinitialize();
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal Runs a user's callback: what it throws is an uncaught exception, and the rest goes on. */
  guard(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  /** @internal */
  setFlowing(handle: number, isFlowing: boolean): void {
    if (!this.#isDestroyed) this.sockets.setConnectionPollGroup(isFlowing ? this.#flowing : 0, handle);
  }

  /** @internal */
  sendOnLane(handle: number, data: ArrayBufferView, flags: SendFlags, lane: number): Result {
    this.#outgoing.add(handle, new Uint8Array(data.buffer, data.byteOffset, data.byteLength), flags, lane);
    this.sockets.sendBatch(this.#outgoing);
    const result = this.#outgoing.results[0] as number;
    return result > 0 ? Result.OK : (-result as Result);
  }

  /** @internal */
  closeNow(connection: Connection, reason: number, text: string): void {
    if (connection.closeInfo || !this.#connections.has(connection.handle)) return;
    this.sockets.closeConnection(connection.handle, reason, text);
    this.#end(connection, closedByUs(reason, text, false));
  }

  /** @internal */
  lingerThenClose(connection: Connection, options: CloseOptions): void {
    const { reason = 0, text = "", timeoutMs = 5000 } = options;
    this.sockets.closeConnectionGracefully(connection.handle, reason, text, timeoutMs);
  }

  /** @internal */
  closeListener(listener: Listener, reason: number, text: string): void {
    this.#listeners.delete(listener.handle);
    const children = [...this.#connections.values()].filter(
      (connection) => this.#incoming.get(connection.handle) === listener.handle,
    );
    this.sockets.closeListenSocket(listener.handle, reason, text);
    for (const connection of children) this.#end(connection, closedByUs(reason, text, false));
  }

  #read(): void {
    this.sockets.dispatchCallbacks((info) => this.#onStatus(info));
    for (let turn = 0; turn < MAX_BATCHES_PER_TURN && !this.#isDestroyed; turn++) {
      const count = this.sockets.receiveBatch(ReceiveSource.PollGroup, this.#flowing, this.#batch);
      while (this.#batch.next()) this.#connections.get(this.#batch.connection)?.deliver(this.#batch);
      if (count < this.#batch.maxMessages) break;
    }
    if (this.#isDestroyed) return;
    for (const handle of this.sockets.takeDrained()) {
      const connection = this.#connections.get(handle);
      if (connection) this.guard(() => connection.emit("drain"));
    }
  }

  #onStatus(info: StatusInfo): void {
    const { connection: handle, connectionInfo } = info;
    switch (connectionInfo.state) {
      case ConnectionState.Connecting:
        if (connectionInfo.listenSocket !== 0) this.#onStranger(info);
        break;
      case ConnectionState.Connected:
        this.#onConnected(info);
        break;
      case ConnectionState.ClosedByPeer:
      case ConnectionState.ProblemDetectedLocally:
        this.#onLost(info);
        break;
      case ConnectionState.None: {
        const connection = this.#connections.get(handle);
        const reason = connectionInfo.applicationReason;
        if (connection) this.#end(connection, closedByUs(reason ?? 0, connectionInfo.endDebug, info.flushed));
        break;
      }
    }
  }

  #onStranger({ connection: handle, connectionInfo }: StatusInfo): void {
    const entry = this.#listeners.get(connectionInfo.listenSocket);
    if (!entry) return;
    const { options } = entry;
    let verdict: true | string = entry.count < (options.maxConnections ?? 100) ? true : "The server is full";
    if (verdict === true && options.beforeAccept) {
      verdict = "The server failed";
      this.guard(() => {
        verdict = options.beforeAccept?.(connectionInfo) ?? true;
      });
    }
    if (verdict !== true) {
      this.sockets.closeConnection(handle, 0, verdict);
      if (diagnostics.drop.hasSubscribers) diagnostics.drop.publish({ reason: verdict });
      return;
    }
    entry.count++;
    this.#incoming.set(handle, connectionInfo.listenSocket);
    this.sockets.acceptConnection(handle);
  }

  #onConnected({ connection: handle, connectionInfo }: StatusInfo): void {
    const listenSocket = this.#incoming.get(handle);
    const { address, identity } = connectionInfo;
    const connection = new Connection(this, handle, address, identity, listenSocket !== undefined);
    this.#connections.set(handle, connection);
    if (diagnostics.connect.hasSubscribers) diagnostics.connect.publish({ connection });
    // Only now: a message that is read before there is a connection to deliver it to would be lost.
    this.setFlowing(handle, true);
    if (this.#attempts.has(handle)) this.#attempts.succeed(handle, connection);
    else this.#listeners.get(listenSocket ?? 0)?.listener.deliver(connection);
  }

  #onLost({ connection: handle, connectionInfo }: StatusInfo): void {
    const { state, endReason, endDebug, applicationReason: reason } = connectionInfo;
    const byPeer = state === ConnectionState.ClosedByPeer;
    const connection = this.#connections.get(handle);
    // What came before the end is still there, and closing throws it away.
    if (connection) this.#readRest(connection);
    this.sockets.closeConnection(handle);
    if (connection) {
      const info: CloseInfo = { by: byPeer ? "peer" : "network", endReason, reason, text: endDebug, flushed: false };
      this.#end(connection, info);
      return;
    }
    this.#forget(handle);
    const code = byPeer ? "ERR_REFUSED" : "ERR_CONNECT_TIMEOUT";
    this.#attempts.fail(handle, new NetworkError(code, endDebug, { endReason, endDebug }));
  }

  #readRest(connection: Connection): void {
    while (this.sockets.receiveBatch(ReceiveSource.Connection, connection.handle, this.#batch) > 0) {
      while (this.#batch.next()) connection.deliver(this.#batch);
    }
  }

  #end(connection: Connection, info: CloseInfo): void {
    this.#connections.delete(connection.handle);
    this.#forget(connection.handle);
    connection.end(info);
  }

  #forget(handle: number): void {
    const entry = this.#listeners.get(this.#incoming.get(handle) ?? 0);
    if (entry) entry.count--;
    this.#incoming.delete(handle);
  }
}

function checkClock(clock: Clock): void {
  for (const name of ["now", "setTimeout", "clearTimeout"] as const) checkFunction(`clock.${name}`, clock?.[name]);
}

function closedByUs(reason: number, text: string, flushed: boolean): CloseInfo {
  return { by: "us", endReason: 1000 + reason, reason, text, flushed };
}

function destroyed(): NetworkError {
  return new NetworkError("ERR_CLOSED", "The endpoint has been destroyed");
}
