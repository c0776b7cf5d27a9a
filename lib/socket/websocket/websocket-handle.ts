import { isArrayBuffer, isUint8Array } from "../../brands.js";
import { CONGESTED_BYTES, StatefulHandle } from "../building/handles.js";
import type { Inbox, InboxHandle } from "../building/inbox.js";
import type { QueuedPacket } from "../building/packet-queue.js";
import { DisconnectCode, type DisconnectReason } from "../disconnect-reason.js";
import { Delivery, type Security } from "../socket.js";
import { closeCodeOf, reasonOfClose } from "./websocket-codes.js";
import type { WebSocketLimits } from "./websocket-options.js";

/**
 * What the `WebSocket` of browsers and that of the package `ws` have in common; the optional methods are those of `ws`.
 */
export interface WebSocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  onopen: (() => void) | null;
  onerror: ((event: { message?: string; error?: Error & { code?: string } }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  send(data: Uint8Array): void;
  close(code?: number, reason?: string): void;
  terminate?(): void;
  pause?(): void;
  resume?(): void;
}

/** A WebSocket connection. */
export class WebSocketHandle extends StatefulHandle implements InboxHandle {
  readonly ordered = true;
  readonly transport = "websocket";
  readonly isTls: boolean;
  readonly maxPacketSize: number;
  #waitingBytes = 0;
  #isPaused = false;
  /** Resolves when the connection is closed. */
  readonly closed: Promise<void>;
  #resolveClosed!: () => void;
  #closeTimer: unknown = null;

  constructor(
    readonly webSocket: WebSocketLike,
    readonly inbox: Inbox,
    readonly limits: WebSocketLimits,
    readonly security: Security,
    readonly address: string,
  ) {
    super();
    this.isTls = security !== "none";
    this.maxPacketSize = limits.maxPacketSize;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    webSocket.onmessage = ({ data }) => this.#onMessage(data);
    webSocket.onclose = ({ code, reason }) => this.#onClose(reasonOfClose(code, reason));
    // The close event that follows does not say that `ws` could not read what arrived.
    webSocket.onerror = ({ error }) => {
      if (!error?.code?.startsWith("WS_ERR_")) return;
      const invalid = { code: DisconnectCode.InvalidPacket, text: error.message };
      webSocket.onclose = () => this.#onClose(invalid);
    };
  }

  get bufferedBytes(): number {
    return this.webSocket.bufferedAmount;
  }

  get isCongested(): boolean {
    return this.webSocket.bufferedAmount > Math.min(CONGESTED_BYTES, this.limits.sendQueueBytes / 2);
  }

  disconnect(reason: DisconnectReason): Promise<void> {
    if (!this.hasEnded) {
      this.hasEnded = true;
      this.#close(reason);
    }
    return this.closed;
  }

  onTaken(packet: QueuedPacket): void {
    this.#waitingBytes -= packet.length;
    if (this.#isPaused && this.#waitingBytes <= this.limits.receiveQueueBytes / 2) {
      this.#isPaused = false;
      this.webSocket.resume?.();
    }
  }

  #onMessage(data: unknown): void {
    if (this.hasEnded) return;
    const bytes = isArrayBuffer(data) ? new Uint8Array(data) : data;
    if (!isUint8Array(bytes) || bytes.length === 0 || bytes.length > this.maxPacketSize) {
      this.#fail({ code: DisconnectCode.InvalidPacket, text: "Packets are binary, and of a size that was agreed" });
      return;
    }
    const packet = this.inbox.pool.take();
    packet.handle = this;
    packet.bytes = bytes;
    packet.length = bytes.length;
    packet.delivery = Delivery.Reliable;
    packet.lane = 0;
    this.#waitingBytes += bytes.length;
    this.inbox.push(packet);
    if (this.#waitingBytes <= this.limits.receiveQueueBytes || this.#isPaused) return;
    if (this.webSocket.pause) {
      this.#isPaused = true;
      this.webSocket.pause();
    } else {
      this.#fail({ code: DisconnectCode.ConnectionLost, text: "The receive queue is full" });
    }
  }

  /** Ends the connection and reports it to both sides. */
  #fail(reason: DisconnectReason): void {
    this.webSocket.onmessage = null;
    this.#close(reason);
    this.inbox.disconnected(this, reason);
  }

  #close(reason: DisconnectReason): void {
    const { webSocket } = this;
    webSocket.close(closeCodeOf(reason), reason.text);
    // Nobody receives any more, but the answer to the close lies behind the packets that are still on their way.
    webSocket.resume?.();
    this.#closeTimer = this.inbox.clock.setTimeout(() => {
      this.#closeTimer = null;
      webSocket.terminate?.();
      this.#resolveClosed();
    }, this.limits.closeTimeoutMs);
  }

  #onClose(reason: DisconnectReason): void {
    if (this.#closeTimer === null && !this.hasEnded) this.inbox.disconnected(this, reason);
    if (this.#closeTimer !== null) this.inbox.clock.clearTimeout(this.#closeTimer);
    this.#resolveClosed();
  }
}
