import { NetworkError } from "../../network-error.js";
import type { DisconnectReason } from "../../socket/index.js";
import { STREAM_CREDIT_BYTES, StreamMessage, type StreamMessageWriter } from "./stream-messages.js";

/** What an incoming stream asks of its table. */
export interface IncomingStreamOwner {
  readonly writer: StreamMessageWriter;
  /** Sends the writer's message before everything else. */
  sendControl(length: number): void;
  forgetIncoming(id: number): void;
}

/** After so many bytes have been read the sender hears of it. */
const CREDIT_STEP_BYTES = STREAM_CREDIT_BYTES / 4;

/** A stream from the other side. Without credit nothing of it comes, and nothing of it is kept. */
export class IncomingStream {
  readonly id: number;
  readonly #owner: IncomingStreamOwner;
  readonly #chunks: Uint8Array[] = [];
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #isPulled = false;
  #isDecided = false;
  #hasEnded = false;
  #receivedBytes = 0;
  #readBytes = 0;
  #grantedBytes = 0;

  constructor(owner: IncomingStreamOwner, id: number) {
    this.id = id;
    this.#owner = owner;
  }

  /** Wants it. @throws NetworkError `ERR_STATE` when it was decided before */
  accept(): ReadableStream<Uint8Array> {
    this.#decide();
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

  /** Does not want it; `code`, 0 to 999, tells why. @throws NetworkError `ERR_STATE` when it was decided before */
  reject(code = 0): void {
    this.#decide();
    this.#stop(code);
  }

  /** @returns false: more than was granted */
  receive(chunk: Uint8Array): boolean {
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes > this.#grantedBytes || this.#hasEnded) return false;
    this.#chunks.push(chunk);
    this.#deliver();
    return true;
  }

  end(): void {
    this.#hasEnded = true;
    this.#deliver();
  }

  fail(code: string, text: string, reason?: DisconnectReason): void {
    this.#isDecided = true;
    this.#chunks.length = 0;
    this.#owner.forgetIncoming(this.id);
    this.#controller?.error(new NetworkError(code, text, reason ? { reason } : {}));
    this.#controller = null;
  }

  #decide(): void {
    if (this.#isDecided)
      throw new NetworkError("ERR_STATE", "The stream was accepted or rejected before, or has ended");
    this.#isDecided = true;
  }

  #deliver(): void {
    const controller = this.#controller;
    if (!controller) return;
    const chunk = this.#isPulled ? this.#chunks.shift() : undefined;
    if (chunk) {
      this.#isPulled = false;
      this.#readBytes += chunk.length;
      if (this.#readBytes + STREAM_CREDIT_BYTES - this.#grantedBytes >= CREDIT_STEP_BYTES) this.#grant();
      controller.enqueue(chunk);
    }
    if (this.#hasEnded && this.#chunks.length === 0) {
      this.#controller = null;
      this.#owner.forgetIncoming(this.id);
      this.#owner.sendControl(this.#owner.writer.plain(StreamMessage.Finished, this.id));
      controller.close();
    }
  }

  #grant(): void {
    this.#grantedBytes = this.#readBytes + STREAM_CREDIT_BYTES;
    this.#owner.sendControl(this.#owner.writer.withNumber(StreamMessage.Credit, this.id, this.#grantedBytes));
  }

  #stop(code: number): void {
    this.#controller = null;
    this.#chunks.length = 0;
    this.#owner.forgetIncoming(this.id);
    this.#owner.sendControl(this.#owner.writer.withCode(StreamMessage.Stop, this.id, code));
  }
}
