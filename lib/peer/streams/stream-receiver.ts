import type { NetworkErrorCode } from "../../error-codes.js";
import { NetworkError } from "../../network-error.js";
import type { DisconnectReason } from "../../socket/index.js";
import { MessageBuffer } from "../collections/message-buffer.js";
import {
  CHUNK_BYTES,
  STREAM_CREDIT_BYTES,
  StreamCode,
  StreamMessage,
  type StreamMessageWriter,
} from "./stream-messages.js";

/** What the receiving end of a stream asks of its table. */
export interface StreamReceiverOwner {
  readonly writer: StreamMessageWriter;
  /** Sends the writer's message before everything else. */
  sendControl(length: number): void;
  forgetReceiver(id: number): void;
}

/** The sender gets new credit when this many bytes have been read. */
const CREDIT_STEP_BYTES = STREAM_CREDIT_BYTES / 4;

/**
 * The receiving end of a stream. The other side sends nothing before it has credit, and it gets that when the stream is
 * accepted.
 */
export class StreamReceiver {
  readonly id: number;
  readonly #owner: StreamReceiverOwner;
  /** What has come and was not read. Small chunks share a block: one object a byte would cost 200 times as much. */
  readonly #blocks: MessageBuffer[] = [];
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #isPulled = false;
  #isDecided = false;
  /** How the other side, or the connection, has ended it. */
  #failure: NetworkError | null = null;
  #hasEnded = false;
  /** Nothing of it is left to say. */
  #isOver = false;
  #receivedBytes = 0;
  #readBytes = 0;
  #grantedBytes = 0;

  constructor(owner: StreamReceiverOwner, id: number) {
    this.id = id;
    this.#owner = owner;
  }

  /** @returns what throws why it has ended, if the stream has @throws NetworkError `ERR_STATE` after a decision */
  accept(): ReadableStream<Uint8Array> {
    this.#decide();
    const failure = this.#failure;
    if (failure) return new ReadableStream({ start: (controller) => controller.error(failure) });
    const readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          this.#isPulled = true;
          this.#deliver();
        },
        cancel: (reason) => this.#stop(typeof reason === "number" ? reason : 0),
      },
      { highWaterMark: 0 },
    );
    this.#grant();
    return readable;
  }

  /** @throws NetworkError `ERR_STATE` after a decision */
  reject(code = 0): void {
    this.#decide();
    if (!this.#failure) this.#stop(code);
  }

  /** Whoever should read it has failed: the other side sends no more. */
  abandon(): void {
    this.#isDecided = true;
    const controller = this.#controller;
    if (!this.#isOver) this.#stop(StreamCode.Failed);
    controller?.error(new NetworkError("ERR_STATE", "The listener of the stream has failed"));
  }

  /** @returns false: no bytes, more than the credit allows, or something behind the end */
  receive(source: Uint8Array, from: number, length: number): boolean {
    this.#receivedBytes += length;
    if (length === 0 || this.#receivedBytes > this.#grantedBytes || this.#hasEnded) return false;
    let block = this.#blocks.at(-1);
    if (!block || block.size + length > CHUNK_BYTES) {
      block = new MessageBuffer();
      this.#blocks.push(block);
    }
    block.append(source, from, length, CHUNK_BYTES);
    this.#deliver();
    return true;
  }

  end(): void {
    this.#hasEnded = true;
    this.#deliver();
  }

  fail(code: NetworkErrorCode, text: string, reason?: DisconnectReason): void {
    this.#failure = new NetworkError(code, text, reason ? { reason } : {});
    this.#blocks.length = 0;
    this.#forget();
    this.#controller?.error(this.#failure);
    this.#controller = null;
  }

  #decide(): void {
    if (this.#isDecided) throw new NetworkError("ERR_STATE", "The stream was accepted or rejected before");
    this.#isDecided = true;
  }

  #deliver(): void {
    const controller = this.#controller;
    if (!controller) return;
    const block = this.#isPulled ? this.#blocks.shift() : undefined;
    if (block) {
      const chunk = block.take();
      this.#isPulled = false;
      this.#readBytes += chunk.length;
      if (this.#readBytes + STREAM_CREDIT_BYTES - this.#grantedBytes >= CREDIT_STEP_BYTES) this.#grant();
      controller.enqueue(chunk);
    }
    if (this.#hasEnded && this.#blocks.length === 0) {
      this.#controller = null;
      this.#forget();
      this.#owner.sendControl(this.#owner.writer.plain(StreamMessage.Finished, this.id));
      controller.close();
    }
  }

  #grant(): void {
    this.#grantedBytes = this.#readBytes + STREAM_CREDIT_BYTES;
    this.#owner.sendControl(this.#owner.writer.withNumber(StreamMessage.Credit, this.id, this.#grantedBytes));
  }

  #forget(): void {
    this.#isOver = true;
    this.#owner.forgetReceiver(this.id);
  }

  #stop(code: number): void {
    this.#controller = null;
    this.#blocks.length = 0;
    this.#forget();
    this.#owner.sendControl(this.#owner.writer.withCode(StreamMessage.Stop, this.id, code));
  }
}
