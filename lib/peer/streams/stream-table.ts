import { outOfRange } from "../../arguments.js";
import { cloneBytes } from "../../bytes.js";
import { follow } from "../../follow.js";
import { NetworkError } from "../../network-error.js";
import type { DisconnectReason } from "../../socket/index.js";
import { nearestNumber } from "../frames/packet-number.js";
import { PacketReader } from "../frames/packet-reader.js";
import { CONTROL_LANE, STREAM_LANE } from "../packet-format.js";
import type { OutgoingStream, StreamListener } from "./stream.js";
import {
  MAX_STREAM_HEADER_BYTES,
  STREAM_CREDIT_BYTES,
  StreamCode,
  StreamMessage,
  StreamMessageWriter,
} from "./stream-messages.js";
import { StreamReceiver, type StreamReceiverOwner } from "./stream-receiver.js";
import { StreamSender, type StreamSenderOwner } from "./stream-sender.js";

/** What the streams of a connection need of it. */
export interface StreamTableOwner {
  readonly maxStreams: number;
  send(lane: number, bytes: Uint8Array, length: number): boolean;
  /** Bytes in the lane of the streams that have not left. */
  queuedBytes(): number;
  changed(): void;
  /** A listener of the user has failed. */
  failed(error: unknown): void;
  malformed(text: string): void;
}

/** The lane gets another chunk while fewer bytes wait in it. What is not in the lane yet can still be aborted. */
const PUMP_BYTES = 64 * 1024;

/** The streams of a connection, in both directions. Each direction counts its own ids. */
export class StreamTable implements StreamSenderOwner, StreamReceiverOwner {
  onStream: StreamListener | null = null;
  readonly writer = new StreamMessageWriter();
  readonly #owner: StreamTableOwner;
  readonly #reader = new PacketReader();
  readonly #senders = new Map<number, StreamSender>();
  readonly #receivers = new Map<number, StreamReceiver>();
  #nextSender = 0;
  #nextReceiver = 0;

  constructor(owner: StreamTableOwner) {
    this.#owner = owner;
  }

  open(header: Uint8Array): OutgoingStream {
    if (header.length > MAX_STREAM_HEADER_BYTES) {
      throw outOfRange(`A stream's header has at most ${MAX_STREAM_HEADER_BYTES} bytes, not ${header.length}`);
    }
    if (this.#senders.size >= this.#owner.maxStreams) {
      throw new NetworkError("ERR_TOO_MANY_STREAMS", `${this.#owner.maxStreams} streams are open; wait for one to end`);
    }
    const stream = new StreamSender(this, this.#nextSender);
    if (!this.sendBulk(this.writer.withBytes(StreamMessage.Open, stream.id, header))) {
      throw new NetworkError("ERR_QUEUE_FULL", "The queue of the streams is full");
    }
    this.#nextSender++;
    this.#senders.set(stream.id, stream);
    this.#owner.changed();
    return stream;
  }

  /** Moves chunks to the lane, one of each stream in turn. */
  pump(): void {
    if (this.#senders.size === 0) return;
    for (let goesOn = true; goesOn; ) {
      goesOn = false;
      for (const stream of this.#senders.values()) {
        if (this.#owner.queuedBytes() >= PUMP_BYTES) return;
        if (stream.pump()) goesOn = true;
      }
    }
  }

  receive(lane: number, buffer: Uint8Array, offset: number, length: number): void {
    const reader = this.#reader;
    reader.start(buffer, offset, offset + length);
    const kind: StreamMessage = reader.u8();
    const id = reader.u32();
    const isUnderstood = lane === STREAM_LANE ? this.#receiveBulk(kind, id) : this.#receiveControl(kind, id);
    if (!isUnderstood || reader.failed) this.#owner.malformed(`Message ${kind} about stream ${id}`);
  }

  dispose(reason: DisconnectReason): void {
    const text = "The connection has ended";
    for (const stream of [...this.#senders.values(), ...this.#receivers.values()]) {
      stream.fail("ERR_CONNECTION_LOST", text, reason);
    }
  }

  sendBulk(length: number): boolean {
    return this.#owner.send(STREAM_LANE, this.writer.bytes, length);
  }

  /** What can wait in the lane is bounded: each stream sends one Credit for 64 KiB that were read. */
  sendControl(length: number): void {
    this.#owner.send(CONTROL_LANE, this.writer.bytes, length);
    this.#owner.changed();
  }

  changed(): void {
    this.#owner.changed();
  }

  forgetSender(id: number): void {
    this.#senders.delete(id);
  }

  forgetReceiver(id: number): void {
    this.#receivers.delete(id);
  }

  #receiveBulk(kind: StreamMessage, id: number): boolean {
    const reader = this.#reader;
    if (kind === StreamMessage.Open) {
      if (id !== this.#nextReceiver || reader.remaining > MAX_STREAM_HEADER_BYTES) return false;
      this.#nextReceiver++;
      this.#offer(id, cloneBytes(reader.buffer, reader.position, reader.end));
      return true;
    }
    if (id >= this.#nextReceiver) return false;
    // A stream that we have stopped goes on until the other side knows.
    const stream = this.#receivers.get(id);
    switch (kind) {
      case StreamMessage.Data:
        if (reader.remaining === 0) return false;
        return stream?.receive(reader.buffer, reader.position, reader.remaining) ?? true;
      case StreamMessage.End:
        stream?.end();
        return true;
      case StreamMessage.Abort: {
        const reason = { code: reader.u16(), text: "" };
        stream?.fail("ERR_STREAM_ABORTED", `The other side ended the stream with code ${reason.code}`, reason);
        return true;
      }
      default:
        return false;
    }
  }

  #receiveControl(kind: StreamMessage, id: number): boolean {
    const reader = this.#reader;
    if (id >= this.#nextSender) return false;
    const stream = this.#senders.get(id);
    switch (kind) {
      case StreamMessage.Credit: {
        const low = reader.u32();
        if (!stream || reader.failed) return true;
        const limitBytes = nearestNumber(low, stream.sentBytes);
        if (limitBytes > stream.sentBytes + STREAM_CREDIT_BYTES) return false;
        stream.onCredit(limitBytes, limitBytes - STREAM_CREDIT_BYTES);
        this.#owner.changed();
        return true;
      }
      case StreamMessage.Stop: {
        const reason = { code: reader.u16(), text: "" };
        const error = stream?.isAccepted ? "ERR_STREAM_STOPPED" : "ERR_STREAM_REJECTED";
        stream?.fail(error, stopText(reason.code), reason);
        return true;
      }
      case StreamMessage.Finished:
        stream?.onFinished();
        return true;
      default:
        return false;
    }
  }

  #offer(id: number, header: Uint8Array): void {
    const stream = new StreamReceiver(this, id);
    if (this.#receivers.size >= this.#owner.maxStreams) {
      stream.reject(StreamCode.TooMany);
      return;
    }
    const listener = this.onStream;
    if (!listener) {
      stream.reject(StreamCode.NotWanted);
      return;
    }
    this.#receivers.set(id, stream);
    const failed = (error: unknown) => {
      stream.abandon();
      this.#owner.failed(error);
    };
    const accept = () => stream.accept();
    const reject = (code?: number) => stream.reject(code);
    try {
      follow(listener(header, accept, reject), failed);
    } catch (error) {
      failed(error);
    }
  }
}

function stopText(code: number): string {
  if (code === StreamCode.Failed) return "What listens for streams at the other side has failed";
  if (code !== StreamCode.NotWanted) return `The other side does not want the stream (code ${code})`;
  return "The other side had no `onStream` when the stream came: it must be set in the event `authenticated`";
}
