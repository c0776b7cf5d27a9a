import { typeError } from "../../arguments.js";
import { isUint8Array } from "../../brands.js";
import type { NetworkErrorCode } from "../../error-codes.js";
import { NetworkError } from "../../network-error.js";
import type { DisconnectReason } from "../../socket/index.js";
import type { OutgoingStream } from "./stream.js";
import { CHUNK_BYTES, StreamMessage, type StreamMessageWriter } from "./stream-messages.js";

/** What the sending end of a stream asks of its table. */
export interface StreamSenderOwner {
  readonly writer: StreamMessageWriter;
  /** Sends the writer's message behind everything else. @returns false: the lane is full */
  sendBulk(length: number): boolean;
  changed(): void;
  forgetSender(id: number): void;
}

interface PendingWrite {
  chunk: Uint8Array;
  offset: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** The sending end of a stream. */
export class StreamSender implements OutgoingStream {
  readonly writable: WritableStream<Uint8Array>;
  readonly id: number;
  readonly #owner: StreamSenderOwner;
  #controller!: WritableStreamDefaultController;
  #pending: PendingWrite | null = null;
  #close: PendingWrite | null = null;
  #isEndSent = false;
  #isOver = false;
  sentBytes = 0;
  #limitBytes = 0;
  isAccepted = false;
  readBytes = 0;

  constructor(owner: StreamSenderOwner, id: number) {
    this.id = id;
    this.#owner = owner;
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#finish(),
      abort: (reason) => this.#abort(reason),
    });
  }

  /** Sends a chunk if there is one and the other side has given credit for it. @returns false: nothing was sent */
  pump(): boolean {
    const { writer } = this.#owner;
    if (this.#isOver) return false;
    const pending = this.#pending;
    if (!pending) {
      if (!this.#close || this.#isEndSent) return false;
      this.#isEndSent = this.#owner.sendBulk(writer.plain(StreamMessage.End, this.id));
      return false;
    }
    const size = Math.min(pending.chunk.length - pending.offset, CHUNK_BYTES, this.#limitBytes - this.sentBytes);
    if (size > 0) {
      const content = pending.chunk.subarray(pending.offset, pending.offset + size);
      if (!this.#owner.sendBulk(writer.withBytes(StreamMessage.Data, this.id, content))) return false;
      pending.offset += size;
      this.sentBytes += size;
    }
    if (pending.offset === pending.chunk.length) {
      this.#pending = null;
      pending.resolve();
    }
    return size > 0;
  }

  /** The other side lets us send `limitBytes` in all, and has read `readBytes`. */
  onCredit(limitBytes: number, readBytes: number): void {
    this.isAccepted = true;
    this.#limitBytes = Math.max(this.#limitBytes, limitBytes);
    this.readBytes = Math.max(this.readBytes, readBytes);
  }

  /** The other side has read everything. */
  onFinished(): void {
    this.#isOver = true;
    this.readBytes = this.sentBytes;
    this.#owner.forgetSender(this.id);
    this.#close?.resolve();
  }

  fail(code: NetworkErrorCode, text: string, reason?: DisconnectReason): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const error = new NetworkError(code, text, reason ? { reason } : {});
    this.#owner.forgetSender(this.id);
    this.#controller.error(error);
    this.#pending?.reject(error);
    this.#close?.reject(error);
  }

  #write(chunk: Uint8Array): Promise<void> {
    if (!isUint8Array(chunk)) throw typeError("A chunk of a stream", "a Uint8Array");
    return new Promise((resolve, reject) => {
      this.#pending = { chunk, offset: 0, resolve, reject };
      this.#owner.changed();
    });
  }

  #finish(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#close = { chunk: new Uint8Array(0), offset: 0, resolve, reject };
      this.#owner.changed();
    });
  }

  #abort(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const code = typeof reason === "number" && Number.isInteger(reason) && reason >= 0 && reason <= 999 ? reason : 0;
    this.#owner.forgetSender(this.id);
    this.#owner.sendBulk(this.#owner.writer.withCode(StreamMessage.Abort, this.id, code));
    this.#owner.changed();
  }
}
