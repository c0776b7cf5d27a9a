import { lookup } from "node:dns";
import { ReceiveSource } from "../../addon/native.js";
import { typeError } from "../../arguments.js";
import { systemClock } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import {
  checkOptions,
  clockOption,
  functionOption,
  integerOption,
  type OptionRule,
  type OptionRules,
  portOption,
  remotePortOption,
  required,
  signalOption,
  textOption,
} from "../../options.js";
import type { Verdict } from "../../verdict.js";
import { type ConfigOption, ConfigValue } from "../configuration/config-value.js";
import { MessageBatch } from "../messages/message-batch.js";
import { OutgoingBatch } from "../messages/outgoing-batch.js";
import type { SendFlags } from "../messages/send-type.js";
import { initializeRules } from "../sockets/library.js";
import type { NetworkingSockets } from "../sockets/networking-sockets.js";
import type { CloseReason } from "../values/close-reason.js";
import type { ConnectionInfo } from "../values/connection-info.js";
import { ConnectionState } from "../values/connection-state.js";
import { Result } from "../values/result.js";
import type { StatusInfo } from "../values/status-info.js";
import { connectFailure } from "./connect-failure.js";
import type { CloseInfo, CloseOptions, Connection } from "./connection.js";
import { diagnostics } from "./diagnostics.js";
import { DEFAULT_HANDSHAKE_TIMEOUT_MS, Dispatcher, type DispatcherUser, handshakeTimeoutOption } from "./dispatcher.js";
import type { ConnectOptions, EndpointOptions, ListenOptions } from "./endpoint.js";
import { type ConnectionOwner, checkMessage, EndpointConnection } from "./endpoint-connection.js";
import { EndpointListener, type ListenerOwner, serverFailed } from "./endpoint-listener.js";
import type { Listener } from "./listener.js";

/** Batches of messages taken in one turn of the event loop, so that timers and other sockets get their turn. */
const MAX_BATCHES_PER_TURN = 16;

const configRule: OptionRule = (name, value) => {
  if (!Array.isArray(value)) throw typeError(name, "an array of ConfigOption");
};

const endpointRules: OptionRules<EndpointOptions> = {
  ...initializeRules,
  handshakeTimeoutMs: handshakeTimeoutOption,
  clock: clockOption,
};

const listenRules: OptionRules<ListenOptions> = {
  host: textOption,
  port: portOption,
  config: configRule,
  maxConnections: integerOption(0, 0x7fffffff),
  beforeAccept: functionOption,
  onError: functionOption,
};

const connectRules: OptionRules<ConnectOptions> = {
  host: required(textOption),
  port: required(remotePortOption),
  config: configRule,
  signal: signalOption,
  lookup: functionOption,
};

/** What is behind an `Endpoint`. */
export class EndpointCore implements ConnectionOwner, ListenerOwner, DispatcherUser<EndpointConnection> {
  readonly refusals = { failed: serverFailed, busy: { code: 0, text: "Too many clients connect at this moment" } };
  readonly #dispatcher: Dispatcher<EndpointConnection>;
  readonly #listeners = new Map<number, EndpointListener>();
  /** The listener of each incoming connection, from when it is accepted. */
  readonly #incoming = new Map<number, EndpointListener>();
  readonly #batch = new MessageBatch();
  readonly #outgoing = new OutgoingBatch();
  readonly #connectConfig: readonly ConfigOption[];
  #isDestroyed = false;

  constructor(options: EndpointOptions) {
    checkOptions("Endpoint", options, endpointRules);
    const { clock = systemClock, handshakeTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS, ...initialize } = options;
    this.#dispatcher = new Dispatcher(this, clock, initialize, handshakeTimeoutMs);
    this.#connectConfig = [{ value: ConfigValue.TimeoutInitial, data: Math.ceil(handshakeTimeoutMs) }];
  }

  get sockets(): NetworkingSockets {
    return this.#dispatcher.sockets;
  }

  get connections(): EndpointConnection[] {
    return [...this.#dispatcher.connections.values()];
  }

  listen(options: ListenOptions): Listener {
    checkOptions("Endpoint.listen", options, listenRules);
    const { port = 0, host = "::", config = [] } = options;
    const { handle, address } = this.#dispatcher.listen(host, port, config);
    const listener = new EndpointListener(this, handle, address, options);
    this.#listeners.set(handle, listener);
    return listener;
  }

  async connect(options: ConnectOptions): Promise<Connection> {
    checkOptions("Endpoint.connect", options, connectRules);
    const { host, port, signal, config = [], lookup: resolver = lookup } = options;
    if (typeof host !== "string" || host === "") throw typeError("host", "a name or a numeric address");
    remotePortOption("port", port);
    signal?.throwIfAborted();
    const ways = await this.#dispatcher.waysTo(host, port, [...this.#connectConfig, ...config], resolver);
    signal?.throwIfAborted();
    if (this.#isDestroyed) throw destroyed();
    return await this.#dispatcher.attempts.first(ways, signal);
  }

  sendToMany(connections: Iterable<Connection>, data: ArrayBufferView, flags: SendFlags): number {
    checkMessage(data);
    const open = [...connections].flatMap((connection) => {
      const own = this.#dispatcher.connections.get(connection.handle);
      return own === connection ? own : [];
    });
    const handles = open.map(({ handle }) => handle);
    const results = this.sockets.sendToMany(handles, data, flags);
    for (const [index, connection] of open.entries()) {
      const result = results[index] as number;
      if (result <= 0) connection.refused(-result as Result);
    }
    return results.filter((result) => result > 0).length;
  }

  async close(options: CloseOptions): Promise<void> {
    await Promise.all(this.connections.map((connection) => connection.close(options)));
    this.destroy();
  }

  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    for (const listener of [...this.#listeners.values()]) listener.close();
    this.#dispatcher.attempts.failAll(destroyed());
    for (const connection of this.connections) connection.destroy();
    this.#dispatcher.destroy();
  }

  setFlowing(handle: number, isFlowing: boolean): void {
    if (!this.#isDestroyed) this.#dispatcher.setFlowing(handle, isFlowing);
  }

  sendOnLane(handle: number, data: ArrayBufferView, flags: SendFlags, lane: number): Result {
    this.#outgoing.add(handle, new Uint8Array(data.buffer, data.byteOffset, data.byteLength), flags, lane);
    this.sockets.sendBatch(this.#outgoing);
    const result = this.#outgoing.results[0] as number;
    // 0: the message was thrown away on purpose (`ConfigurationValue.FakeMessageLossSend`).
    return result >= 0 ? Result.OK : (-result as Result);
  }

  closeGracefully({ handle }: EndpointConnection, reason: Required<CloseReason>, timeoutMs: number): void {
    this.#dispatcher.close(handle, reason, timeoutMs);
  }

  closeNow(connection: EndpointConnection, { code, text }: Required<CloseReason>): void {
    if (this.#dispatcher.connections.get(connection.handle) !== connection) return;
    this.sockets.closeConnection(connection.handle, code, text);
    this.#end(connection, closedByUs(code, text, false));
  }

  closeListener(listener: EndpointListener, { code, text }: Required<CloseReason>): void {
    this.#listeners.delete(listener.handle);
    const children = this.connections.filter(({ handle }) => this.#incoming.get(handle) === listener);
    this.sockets.closeListenSocket(listener.handle, code, text);
    for (const connection of children) this.#end(connection, closedByUs(code, text, false));
  }

  onReadable(): void {
    for (let turn = 0; turn < MAX_BATCHES_PER_TURN && !this.#isDestroyed; turn++) {
      const count = this.#dispatcher.receive(this.#batch);
      while (this.#batch.next()) this.#dispatcher.connections.get(this.#batch.connection)?.deliver(this.#batch);
      if (count < this.#batch.maxMessages) break;
    }
    if (this.#isDestroyed) return;
    for (const handle of this.sockets.takeDrained()) {
      this.#dispatcher.connections.get(handle)?.events.emit("drain");
    }
  }

  judge(_handle: number, info: ConnectionInfo): Verdict | Promise<Verdict> | null {
    return this.#listeners.get(info.listenSocket)?.judge(info) ?? null;
  }

  admit(handle: number, info: ConnectionInfo): true | Required<CloseReason> {
    const listener = this.#listeners.get(info.listenSocket);
    const answer = listener?.admit() ?? serverFailed;
    if (answer === true && listener !== undefined) {
      listener.count++;
      this.#incoming.set(handle, listener);
    }
    return answer;
  }

  onConnected(handle: number, info: ConnectionInfo): void {
    const listener = this.#incoming.get(handle);
    const connection = new EndpointConnection(this, handle, info, listener !== undefined);
    this.#dispatcher.connections.set(handle, connection);
    if (diagnostics.connect.hasSubscribers) diagnostics.connect.publish({ connection });
    // Only now: a message that is read before there is a connection to deliver it to would be lost.
    this.setFlowing(handle, true);
    if (!this.#dispatcher.attempts.succeed(handle, connection)) listener?.deliver(connection);
  }

  onLost(connection: EndpointConnection, info: ConnectionInfo): void {
    const { state, endReason, endDebug: text, applicationReason: code } = info;
    const by = state === ConnectionState.ClosedByPeer ? "peer" : "network";
    // What came before the end is still there, and closing throws it away. Whoever gets it may destroy the endpoint.
    while (this.#receiveRest(connection.handle)) {
      while (this.#batch.next()) connection.deliver(this.#batch);
    }
    if (this.#isDestroyed) return;
    this.sockets.closeConnection(connection.handle);
    this.#end(connection, { by, endReason, code, text, flushed: false });
  }

  onClosed(connection: EndpointConnection, { connectionInfo: info, flushed }: StatusInfo): void {
    this.#end(connection, closedByUs(info.applicationReason ?? 0, info.endDebug, flushed));
  }

  onFailed(handle: number, info: ConnectionInfo): NetworkError {
    this.#forget(handle);
    return connectFailure(info, this.#dispatcher.attempts.tookMs(handle));
  }

  #receiveRest(handle: number): boolean {
    return !this.#isDestroyed && this.sockets.receiveBatch(ReceiveSource.Connection, handle, this.#batch) > 0;
  }

  #end(connection: EndpointConnection, info: CloseInfo): void {
    this.#dispatcher.connections.delete(connection.handle);
    this.#forget(connection.handle);
    connection.end(info);
  }

  #forget(handle: number): void {
    const listener = this.#incoming.get(handle);
    if (listener !== undefined) listener.count--;
    this.#incoming.delete(handle);
  }
}

function closedByUs(code: number, text: string, flushed: boolean): CloseInfo {
  return { by: "us", endReason: 1000 + code, code, text, flushed };
}

function destroyed(): NetworkError {
  return new NetworkError("ERR_CLOSED", "The endpoint has been destroyed");
}
