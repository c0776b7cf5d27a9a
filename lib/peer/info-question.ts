import type { Clock } from "../clock.js";
import { NetworkError } from "../network-error.js";
import type { RandomBytes } from "../random.js";
import { abortable, closedError, serverStopped } from "../socket/building/socket-errors.js";
import {
  Delivery,
  DisconnectCode,
  type IConnectEndPoint,
  type IConnectionHandle,
  type ISocket,
  ReceivedPacket,
} from "../socket/index.js";
import { PacketReader } from "./frames/packet-reader.js";
import { NONCE_BYTES } from "./handshake/handshake-packets.js";
import { type InfoAnswer, readInfoAnswer, writeInfoRequest } from "./handshake/info-packets.js";
import { PacketKind } from "./packet-format.js";
import { connectError, describeServer, socketFailed } from "./peer-error.js";

/** An unreliable question is repeated after this time, since it may be lost, or too early for the server. */
export const REPEAT_MS = 500;
/** An answer to a question before the last so many is too late. */
const MAX_OPEN_QUESTIONS = 16;
/** Then everybody else has a turn. */
const MAX_PACKETS_A_TURN = 256;

/** An answer, and from where it came. */
export interface HeardAnswer extends InfoAnswer {
  /** Valid until `onAnswer` returns. */
  readonly handle: IConnectionHandle;
  /** From the question to this answer, in milliseconds. */
  readonly roundTripMs: number;
}

/** What a question needs of the program that asks it. */
export interface InfoQuestionOptions {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  /** Something answers what was asked. It may come more than once, and from several servers. */
  onAnswer(answer: HeardAnswer): void;
  /** A transport with connections has ended it. */
  onEnd(error: NetworkError): void;
}

/** Asks whoever is at an end point for information, without connecting a Peer, until it is closed. */
export class InfoQuestion {
  readonly #socket: ISocket;
  readonly #options: InfoQuestionOptions;
  readonly #packet = new ReceivedPacket();
  readonly #reader = new PacketReader();
  /** By nonce: when it was asked. */
  readonly #askedMs = new Map<bigint, number>();
  readonly #closing = new AbortController();
  #handle: IConnectionHandle | null = null;
  /** Whom it asks, for errors. */
  #server = "";
  #timer: unknown;

  constructor(socket: ISocket, options: InfoQuestionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.events = {
      onReadable: () => this.#receiveAll(),
      onIncoming: () => serverStopped,
      onConnect() {},
      onDisconnect: (_, reason) => {
        const isUnknown = reason.code === DisconnectCode.InvalidPacket;
        const error = isUnknown ? new NetworkError("ERR_REFUSED", `${this.#server} tells nothing about itself`) : null;
        options.onEnd(error ?? connectError(reason, this.#server));
      },
      onWritable() {},
    };
  }

  /** @throws what `ISocket.connect` does; NetworkError `ERR_CLOSED` when it is closed meanwhile */
  async ask(endPoint: IConnectEndPoint): Promise<void> {
    const { signal } = this.#closing;
    this.#server = describeServer(this.#socket, endPoint);
    try {
      this.#handle = (await abortable(this.#socket.connect(endPoint, signal), signal)).copy();
    } catch (error) {
      throw error instanceof NetworkError && error.reason ? connectError(error.reason, this.#server) : error;
    }
    this.#send();
    this.#receiveAll(); // The answer may have come before anybody listened.
  }

  /** Never rejects: who has asked has the answer by now, or an error that says more. */
  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) this.#closing.abort(closedError());
    this.#options.clock.clearTimeout(this.#timer);
    try {
      await this.#socket.close();
    } catch {}
  }

  #send(): void {
    const { clock, randomBytes } = this.#options;
    const handle = this.#handle as IConnectionHandle;
    const nonce = randomBytes(NONCE_BYTES);
    this.#askedMs.set(keyOf(nonce), clock.now());
    if (this.#askedMs.size > MAX_OPEN_QUESTIONS) {
      const [oldest] = this.#askedMs.keys();
      this.#askedMs.delete(oldest as bigint);
    }
    const packet = writeInfoRequest(nonce);
    try {
      this.#socket.send(handle, packet, packet.length, Delivery.Reliable, 0);
      this.#socket.flush();
    } catch (error) {
      this.#options.onEnd(socketFailed(error));
      return;
    }
    if (!handle.reliable) this.#timer = clock.setTimeout(() => this.#send(), REPEAT_MS);
  }

  #receiveAll(): void {
    if (this.#closing.signal.aborted) return;
    this.#socket.tick();
    for (let count = 0; this.#socket.poll(); count++) {
      if (count === MAX_PACKETS_A_TURN) {
        this.#options.clock.setTimeout(() => this.#receiveAll(), 0);
        return;
      }
      this.#socket.receive(this.#packet);
      this.#receive(this.#packet);
      if (this.#closing.signal.aborted) return;
    }
  }

  /** What was not asked for is from somebody else, or late, and ignored. */
  #receive({ handle, buffer, offset, length }: ReceivedPacket): void {
    const reader = this.#reader;
    reader.start(buffer, offset, offset + length);
    if (reader.u8() !== PacketKind.InfoAnswer) return;
    const answer = readInfoAnswer(reader);
    const askedMs = answer && this.#askedMs.get(keyOf(answer.nonce));
    if (!answer || askedMs === null || askedMs === undefined) return;
    this.#options.onAnswer({ ...answer, handle, roundTripMs: this.#options.clock.now() - askedMs });
  }
}

const keyOf = (nonce: Uint8Array) => new DataView(nonce.buffer, nonce.byteOffset).getBigUint64(0, true);
