import type { Socket } from "node:net";
import type { Clock } from "../../clock.js";
import type { PortSink } from "../network.js";
import { XcsError } from "../xcs-error.js";
import { frameMessage, MessageReader } from "./message-reader.js";
import { type PortPlace, systemError, type Target, textOf } from "./port-place.js";

/** Whoever has taken nothing for so long is cut off, if that keeps others waiting. */
const STALL_MS = 10_000;
/** How long a peer has to take the last bytes when its port closes. */
const CLOSE_MS = 1000;

/** The port that a connection belongs to. */
export interface ConnectionOwner {
  readonly place: PortPlace;
  readonly sink: PortSink;
  readonly clock: Clock;
  /** Whether others are written to at the same time. */
  readonly isShared: boolean;
  /** The memory for unfinished messages has changed by so much. */
  held(changeBytes: number): void;
  /** Its first whole message has come. */
  proven(connection: TcpConnection): void;
  ended(connection: TcpConnection, error: XcsError | null): void;
}

/** A connection of a port with one peer. */
export class TcpConnection {
  readonly peer: Target;
  readonly reader = new MessageReader();
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #ended: Promise<void>;
  #unsent = 0;
  #heldBytes = 0;
  #stallTimer: unknown = null;
  #error: XcsError | null = null;
  #isProven = false;
  #isClosing = false;

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    this.peer = { host: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
    socket.setNoDelay(true);
    socket.on("data", (chunk) => {
      if (this.#isClosing) return;
      this.reader.push(chunk);
      this.deliver();
    });
    socket.on("error", (error) => {
      this.#error ??= systemError(error, owner.place, this.peer);
    });
    this.#ended = new Promise((resolve) => {
      socket.once("close", () => {
        owner.clock.clearTimeout(this.#stallTimer);
        owner.held(-this.#heldBytes);
        owner.ended(this, this.#error);
        resolve();
      });
    });
  }

  /** Gives the sink what is complete, as long as that has room; without room the peer has to wait. */
  deliver(): void {
    const { reader } = this;
    const { sink } = this.#owner;
    for (let size = reader.nextSize; size !== null; size = reader.nextSize) {
      if (size > sink.maxMessageSize) {
        this.cut(this.#tooLarge(size));
        return;
      }
      if (!reader.isReady || !sink.hasRoom(size)) break;
      sink.receive(reader.take());
      if (this.#isProven) continue;
      this.#isProven = true;
      this.#owner.proven(this);
    }
    if (reader.isReady) this.#socket.pause();
    else this.#socket.resume();
    this.#report();
  }

  /** Resolves with whether the system has taken it: false if the peer is gone. */
  write(data: Uint8Array): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#unsent++ === 0) this.#watch();
      this.#socket.write(frameMessage(data), (error) => {
        this.#owner.clock.clearTimeout(this.#stallTimer);
        if (--this.#unsent > 0 && !error) this.#watch();
        resolve(!error);
      });
    });
  }

  /** Ends it by a reset. */
  cut(error: XcsError): void {
    this.#error ??= error;
    this.#socket.resetAndDestroy();
  }

  /** Ends it when the peer has taken what was written. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const timer = this.#owner.clock.setTimeout(() => this.#socket.destroy(), CLOSE_MS);
    this.#socket.end();
    this.#socket.resume();
    await this.#ended;
    this.#owner.clock.clearTimeout(timer);
  }

  #report(): void {
    const changeBytes = this.reader.heldBytes - this.#heldBytes;
    this.#heldBytes += changeBytes;
    this.#owner.held(changeBytes);
  }

  #tooLarge(sizeBytes: number): XcsError {
    const { place, sink } = this.#owner;
    const text =
      `${textOf(this.peer)} announced ${sizeBytes} bytes to port ${place.port}, more than maxMessageSize ` +
      `(${sink.maxMessageSize}): it has another maxMessageSize, or is no XCS port`;
    return new XcsError("EPROTO", text, { port: place.port, protocol: "TCP" });
  }

  #watch(): void {
    const { clock, place } = this.#owner;
    this.#stallTimer = clock.setTimeout(() => {
      if (!this.#owner.isShared) {
        this.#watch();
        return;
      }
      const text = `${textOf(this.peer)} has taken nothing from port ${place.port} for ${STALL_MS} ms`;
      this.cut(new XcsError("ETIMEDOUT", `${text}, and others waited for it`, { port: place.port, protocol: "TCP" }));
    }, STALL_MS);
  }
}
