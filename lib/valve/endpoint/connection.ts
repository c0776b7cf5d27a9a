import { EventEmitter } from "node:events";
import { NetworkError } from "../../network-error.js";
import type { MessageBatch } from "../messages/message-batch.js";
import { SendFlags } from "../messages/send-type.js";
import type { Address } from "../values/address.js";
import type { NetworkingIdentity } from "../values/networking-identity.js";
import { Result } from "../values/result.js";
import { diagnostics } from "./diagnostics.js";
import type { Endpoint } from "./endpoint.js";

/** A message that a {@link Connection} received; it owns its bytes. */
export interface ReceivedMessage {
  readonly data: Uint8Array;
  readonly isReliable: boolean;
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
  /** GNS's number. */
  readonly endReason: number;
  /** The reason that was given to `close`, 0 to 999; null when the application did not give it. */
  readonly reason: number | null;
  /** The text that came with it. */
  readonly text: string;
  /** Closed here: whether the peer had acknowledged everything before. */
  readonly flushed: boolean;
}

export interface CloseOptions {
  /** 0 to 999; the peer sees it as `CloseInfo.reason`. */
  reason?: number;
  /** For the peer; cut after 127 bytes of UTF-8. */
  text?: string;
  /** How long to wait for what is still to be sent and acknowledged, 0 to 2^32-1; 5000 unless told. */
  timeoutMs?: number;
}

interface ConnectionEvents {
  message: [ReceivedMessage];
  drain: [];
  close: [CloseInfo];
  newListener: [event: string | symbol];
}

type Consumer = "events" | "iterator" | "polling";

/** Messages that wait here for an iterator or for `receive`. With more, the connection stays unread: GNS slows the peer. */
const MAX_WAITING = 64;
/** A connection is read again when its user has come down to this. */
const RESUME_AT = 16;

/**
 * A connection of an {@link Endpoint}.
 *
 * Events: `message`, `drain` (the send buffer has come down to `lowWaterBytes` after a send that found it full), `close`
 * (once, after which nothing follows). Messages go to one consumer: `on("message")`, `for await`, or `receive()`; what
 * nobody takes stays in GNS, which slows the peer down and loses nothing that is reliable.
 */
export class Connection extends EventEmitter<ConnectionEvents> implements AsyncIterable<ReceivedMessage> {
  /** GNS's handle. */
  readonly handle: number;
  readonly endpoint: Endpoint;
  /** The address of the peer; all zero for peer-to-peer connections over a relay. */
  readonly remoteAddress: Address;
  /** Who the peer says it is. Its own words, unless certificates are in use. */
  readonly identity: NetworkingIdentity;
  /** Whether it came in by a listener. */
  readonly isIncoming: boolean;
  /** Resolves when the connection has ended. Never rejects. */
  readonly closed: Promise<CloseInfo>;
  /** `drain` comes when no more than this waits to be sent, in bytes. */
  lowWaterBytes = 65_536;

  #consumer: Consumer | null = null;
  #waiting: ReceivedMessage[] = [];
  #isPaused = false;
  #closeInfo: CloseInfo | null = null;
  #closing: Promise<boolean> | null = null;
  #resolveClosed!: (info: CloseInfo) => void;
  #resolveNext: ((result: IteratorResult<ReceivedMessage>) => void) | null = null;

  /** @internal Endpoints make them. */
  constructor(
    endpoint: Endpoint,
    handle: number,
    remoteAddress: Address,
    identity: NetworkingIdentity,
    isIncoming: boolean,
  ) {
    super();
    this.endpoint = endpoint;
    this.handle = handle;
    this.remoteAddress = remoteAddress;
    this.identity = identity;
    this.isIncoming = isIncoming;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.on("newListener", (event) => {
      if (event !== "message" || this.#consumer === "events") return;
      this.#consume("events");
      // What came before the listener is for it; after this turn, when it is in place.
      queueMicrotask(() => this.#emitWaiting());
    });
  }

  /** Null while the connection lives. */
  get closeInfo(): CloseInfo | null {
    return this.#closeInfo;
  }

  /**
   * Sends a message; the bytes are copied.
   *
   * @param data 0 to 524,288 bytes
   * @param flags GNS's flags; reliable unless told
   * @param lane 0 unless {@link Endpoint.sockets} configured more
   * @returns `OK`, or `LimitExceeded`: the send buffer is full and the message was not taken; `drain` follows. Any other
   *   result: the connection has ended, or the message is too large.
   */
  send(data: ArrayBufferView, flags: SendFlags = SendFlags.Reliable, lane = 0): Result {
    const result = this.#closeInfo
      ? Result.NoConnection
      : lane === 0
        ? this.endpoint.sockets.sendMessage(this.handle, data, flags)
        : this.endpoint.sendOnLane(this.handle, data, flags, lane);
    if (result !== Result.OK) this.noteRefused(result);
    return result;
  }

  /** Bytes that wait to be sent, those for retransmission included; 0 once it has ended. */
  get bufferedBytes(): number {
    const status = this.#closeInfo ? null : this.endpoint.sockets.getQuickConnectionStatus(this.handle);
    return status ? status.pendingReliable + status.pendingUnreliable : 0;
  }

  /**
   * Takes the next message, or undefined if none is here.
   *
   * @throws NetworkError `ERR_IN_USE`: messages go to a listener or an iterator
   */
  receive(): ReceivedMessage | undefined {
    this.#consume("polling");
    return this.#take();
  }

  /**
   * The messages, until the connection ends. Leaving the loop closes nothing, and another loop goes on where it ended.
   *
   * @throws NetworkError `ERR_IN_USE`: messages go elsewhere, or another loop is waiting
   */
  [Symbol.asyncIterator](): AsyncIterator<ReceivedMessage> {
    this.#consume("iterator");
    return {
      next: () => {
        const message = this.#take();
        if (message) return Promise.resolve({ value: message, done: false });
        if (this.#closeInfo) return Promise.resolve({ value: undefined, done: true });
        if (this.#resolveNext) return Promise.reject(inUse("Another iterator waits for the next message"));
        return new Promise((resolve) => {
          this.#resolveNext = resolve;
        });
      },
      return: () => Promise.resolve({ value: undefined, done: true }),
    };
  }

  /**
   * Closes the connection when the peer has acknowledged everything, or time is up. Resolves with whether it had;
   * unread messages are lost. Later calls give the same promise; on an ended connection it resolves at once.
   *
   * @throws RangeError `ERR_OUT_OF_RANGE`: a reason above 999
   */
  close(options: CloseOptions = {}): Promise<boolean> {
    this.#closing ??= this.#closeInfo ? Promise.resolve(false) : this.#startClose(options);
    return this.#closing;
  }

  /** Closes at once; what is not sent is lost. */
  destroy(reason = 0, text = ""): void {
    this.endpoint.closeNow(this, reason, text);
  }

  /** The same as `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Lets the process end while this connection is open. */
  unref(): this {
    this.endpoint.sockets.unref(this.handle);
    return this;
  }

  ref(): this {
    this.endpoint.sockets.ref(this.handle);
    return this;
  }

  /** @internal */
  deliver(batch: MessageBatch): void {
    const message: ReceivedMessage = {
      data: batch.copy(),
      isReliable: batch.isReliable,
      lane: batch.lane,
      messageNumber: batch.messageNumber,
      timeReceived: batch.timeReceived,
    };
    if (this.#resolveNext) {
      const resolve = this.#resolveNext;
      this.#resolveNext = null;
      resolve({ value: message, done: false });
    } else if (this.#consumer === "events" && this.#waiting.length === 0) {
      this.endpoint.guard(() => this.emit("message", message));
    } else {
      this.#waiting.push(message);
      if (this.#waiting.length >= MAX_WAITING) this.#pause(true);
    }
  }

  /** @internal */
  end(info: CloseInfo): void {
    if (this.#closeInfo) return;
    if (this.#consumer === "events") this.#emitWaiting();
    this.#closeInfo = info;
    if (diagnostics.close.hasSubscribers) diagnostics.close.publish({ connection: this, info });
    this.#resolveClosed(info);
    this.#resolveNext?.({ value: undefined, done: true });
    this.#resolveNext = null;
    this.endpoint.guard(() => this.emit("close", info));
  }

  /** @internal A send was not taken. */
  noteRefused(result: Result): void {
    if (result === Result.LimitExceeded) this.endpoint.sockets.watchDrain(this.handle, this.lowWaterBytes);
    if (diagnostics.drop.hasSubscribers) diagnostics.drop.publish({ connection: this, result });
  }

  #startClose(options: CloseOptions): Promise<boolean> {
    this.endpoint.lingerThenClose(this, options);
    return this.closed.then((info) => info.flushed);
  }

  #consume(consumer: Consumer): void {
    if (this.#consumer !== null && this.#consumer !== consumer) {
      throw inUse(`The messages of this connection are taken by ${this.#consumer} already`);
    }
    this.#consumer = consumer;
  }

  #take(): ReceivedMessage | undefined {
    const message = this.#waiting.shift();
    if (this.#isPaused && this.#waiting.length <= RESUME_AT) this.#pause(false);
    return message;
  }

  #emitWaiting(): void {
    for (let message = this.#take(); message; message = this.#take()) {
      const next = message;
      this.endpoint.guard(() => this.emit("message", next));
    }
  }

  #pause(isPaused: boolean): void {
    if (this.#isPaused === isPaused || this.#closeInfo) return;
    this.#isPaused = isPaused;
    this.endpoint.setFlowing(this.handle, !isPaused);
  }
}

function inUse(message: string): NetworkError {
  return new NetworkError("ERR_IN_USE", message);
}
