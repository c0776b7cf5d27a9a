import { checkInteger, rangeError, typeError } from "../../arguments.js";
import { EventHub, type EventListener } from "../../event-hub.js";
import { NetworkError } from "../../network-error.js";
import type { MessageBatch } from "../messages/message-batch.js";
import { MAX_MESSAGE_BYTES, SendFlags } from "../messages/send-type.js";
import type { NetworkingSockets } from "../sockets/networking-sockets.js";
import type { Address } from "../values/address.js";
import { type CloseReason, checkCloseReason } from "../values/close-reason.js";
import type { ConnectionInfo } from "../values/connection-info.js";
import type { NetworkingIdentity } from "../values/networking-identity.js";
import { Result } from "../values/result.js";
import type { CloseInfo, CloseOptions, Connection, ConnectionEvents, ReceivedMessage } from "./connection.js";
import { diagnostics, reportUncaught } from "./diagnostics.js";
import { Intake } from "./intake.js";

/** What a connection needs of its endpoint. */
export interface ConnectionOwner {
  readonly sockets: NetworkingSockets;
  sendOnLane(handle: number, data: ArrayBufferView, flags: SendFlags, lane: number): Result;
  /** Whether its messages are delivered, or left in GNS. */
  setFlowing(handle: number, isFlowing: boolean): void;
  closeGracefully(connection: EndpointConnection, reason: Required<CloseReason>, timeoutMs: number): void;
  closeNow(connection: EndpointConnection, reason: Required<CloseReason>): void;
}

type Consumer = "events" | "iterator" | "polling";

/** Messages that may wait here to be taken. With more, the connection is not read: GNS slows the peer down. */
const MAX_WAITING = 64;
/** A connection is read again when so few messages wait. */
const RESUME_AT = 16;
const LINGER_MS = 5000;

/** A connection of an endpoint. Users see it as a {@link Connection}, where its members are documented. */
export class EndpointConnection implements Connection {
  readonly handle: number;
  readonly remoteAddress: Address;
  readonly identity: NetworkingIdentity;
  readonly isIncoming: boolean;
  readonly events = new EventHub<ConnectionEvents>(["message", "drain", "close"], reportUncaught);
  readonly closed: Promise<CloseInfo>;
  closeInfo: CloseInfo | null = null;
  lowWaterBytes = 65_536;
  readonly #owner: ConnectionOwner;
  readonly #intake = new Intake<ReceivedMessage>(
    (message) => this.events.emit("message", message),
    () => this.events.listenerCount("message") > 0,
    (waiting) => this.#onCount(waiting),
  );
  #consumer: Consumer | null = null;
  #isPaused = false;
  #closing: Promise<boolean> | null = null;
  #resolveClosed!: (info: CloseInfo) => void;

  constructor(owner: ConnectionOwner, handle: number, { address, identity }: ConnectionInfo, isIncoming: boolean) {
    this.#owner = owner;
    this.handle = handle;
    this.remoteAddress = address;
    this.identity = identity;
    this.isIncoming = isIncoming;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  on<Name extends keyof ConnectionEvents>(name: Name, listener: EventListener<ConnectionEvents[Name]>): () => void {
    if (name === "message" && typeof listener === "function") this.#consume("events");
    const off = this.events.on(name, listener);
    // What came before goes to the first listener, after this turn.
    if (name === "message") queueMicrotask(() => this.#intake.flush());
    return off;
  }

  send(data: ArrayBufferView, flags: SendFlags = SendFlags.Reliable, lane = 0): boolean {
    checkMessage(data);
    const { handle } = this;
    const owner = this.#owner;
    const isEnding = this.closeInfo !== null || this.#closing !== null;
    const result = isEnding
      ? Result.NoConnection
      : lane === 0
        ? owner.sockets.sendMessage(handle, data, flags)
        : owner.sendOnLane(handle, data, flags, lane);
    if (result === Result.OK) return true;
    if (lane > 0 && result === Result.InvalidParam && owner.sockets.getQuickConnectionStatus(handle) !== null) {
      throw rangeError("lane", "one that configureConnectionLanes has made");
    }
    this.refused(result);
    return false;
  }

  get bufferedBytes(): number {
    const status = this.closeInfo ? null : this.#owner.sockets.getQuickConnectionStatus(this.handle);
    return status ? status.pendingReliable + status.pendingUnreliable : 0;
  }

  receive(): ReceivedMessage | undefined {
    this.#consume("polling");
    return this.#intake.take();
  }

  [Symbol.asyncIterator](): AsyncIterator<ReceivedMessage> {
    this.#consume("iterator");
    const next = async () => {
      if (this.#intake.isAwaited) throw inUse("Another loop waits for the next message");
      return await this.#intake.next();
    };
    return { ...this.#intake.iterate(), next };
  }

  close(options: CloseOptions = {}): Promise<boolean> {
    const reason = checkCloseReason(options);
    const { timeoutMs = LINGER_MS } = options;
    checkInteger("timeoutMs", timeoutMs, 0, 0xffffffff);
    if (this.closeInfo !== null) this.#closing ??= Promise.resolve(false);
    if (this.#closing === null) {
      this.#closing = this.closed.then(({ flushed }) => flushed);
      this.#owner.closeGracefully(this, reason, timeoutMs);
    }
    return this.#closing;
  }

  destroy(reason: CloseReason = {}): void {
    this.#owner.closeNow(this, checkCloseReason(reason));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  unref(): this {
    this.#owner.sockets.unref(this.handle);
    return this;
  }

  ref(): this {
    this.#owner.sockets.ref(this.handle);
    return this;
  }

  /** A message has come. */
  deliver(batch: MessageBatch): void {
    this.#intake.push({
      data: batch.copy(),
      isReliable: batch.isReliable,
      lane: batch.lane,
      messageNumber: batch.messageNumber,
      timeReceived: batch.timeReceived,
    });
  }

  /** It has ended. */
  end(info: CloseInfo): void {
    if (this.closeInfo) return;
    this.#intake.flush();
    this.closeInfo = info;
    if (diagnostics.close.hasSubscribers) diagnostics.close.publish({ connection: this, info });
    this.#resolveClosed(info);
    this.#intake.end();
    this.events.emit("close", info);
  }

  /** GNS has not taken a message. */
  refused(result: Result): void {
    if (result === Result.LimitExceeded) this.#owner.sockets.watchDrain(this.handle, this.lowWaterBytes);
    if (diagnostics.drop.hasSubscribers) diagnostics.drop.publish({ connection: this, result });
  }

  #consume(consumer: Consumer): void {
    if (this.#consumer !== null && this.#consumer !== consumer) {
      throw inUse(`The messages of this connection are taken by ${this.#consumer} already`);
    }
    this.#consumer = consumer;
  }

  #onCount(waiting: number): void {
    const isPaused = this.#isPaused ? waiting > RESUME_AT : waiting >= MAX_WAITING;
    if (this.#isPaused === isPaused || this.closeInfo) return;
    this.#isPaused = isPaused;
    this.#owner.setFlowing(this.handle, !isPaused);
  }
}

/** Throws for a message that no connection takes. */
export function checkMessage(data: ArrayBufferView): void {
  if (!ArrayBuffer.isView(data)) throw typeError("data", "a typed array or a DataView");
  if (data.byteLength > MAX_MESSAGE_BYTES) throw rangeError("data", `at most ${MAX_MESSAGE_BYTES} bytes long`);
}

function inUse(message: string): NetworkError {
  return new NetworkError("ERR_IN_USE", message);
}
