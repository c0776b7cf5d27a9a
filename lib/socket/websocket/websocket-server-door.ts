import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../../clock.js";
import type { ConnectionGuard, Pass } from "../../guard/connection-guard.js";
import { Places, type PlacesMetrics } from "../../guard/places.js";
import { sourceOf } from "../../guard/source.js";
import type { DisconnectReason } from "../disconnect-reason.js";
import { REFUSAL_HEADER } from "./websocket-server-package.js";

/** How long the answer to somebody who is refused may take to leave. */
const REFUSAL_MS = 1000;

/** TCP connections that are no WebSocket (yet): there is an end to their number and to their time. */
export class WebSocketServerDoor {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #places: Places<Socket>;
  readonly #guard: ConnectionGuard | null;
  readonly #passes = new Map<Duplex, Pass>();
  /** All of them, each with the timer that ends it. */
  readonly #waiting = new Map<Duplex, unknown>();

  constructor(clock: Clock, maxCount: number, timeoutMs: number, guard: ConnectionGuard | null = null) {
    this.#guard = guard;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#places = new Places({ maxCount, clock });
  }

  get metrics(): PlacesMetrics {
    return this.#places.metrics;
  }

  /**
   * A TCP connection has come in, or a proxy has said whose it is.
   *
   * @param host the client's address, or null for one that takes no place: a proxy's
   * @returns false: it was refused, and has ended
   */
  enter(socket: Socket, host: string | null): boolean {
    const taken =
      host === null ? "free" : this.admit(socket, host) ? this.#places.take(socket, sourceOf(host)) : "full";
    if (taken === "full") {
      reset(socket);
      return false;
    }
    if (taken !== "free") reset(taken.evicted);
    this.#endAfter(socket, this.#timeoutMs);
    return true;
  }

  /** Asks the guard, once about each connection. @returns false: whoever asked has to end it */
  admit(socket: Duplex, host: string): boolean {
    if (!this.#guard || this.#passes.has(socket)) return true;
    const pass = this.#guard.accept(host);
    if (pass.refused) return false;
    this.#passes.set(socket, pass);
    socket.once("close", () => {
      this.#passes.delete(socket);
      pass.ended();
    });
    return true;
  }

  /** What the guard has given; null without a guard. */
  passOf(socket: Duplex): Pass | null {
    return this.#passes.get(socket) ?? null;
  }

  /** It is a WebSocket now, or gone. */
  leave(socket: Duplex): void {
    this.#clock.clearTimeout(this.#waiting.get(socket));
    this.#waiting.delete(socket);
    this.#places.release(socket as Socket);
  }

  /** It waits for a verdict. On a server of our own it has been waiting since it came. */
  hold(socket: Duplex): void {
    socket.on("error", () => {});
    if (!this.#waiting.has(socket)) this.#endAfter(socket, this.#timeoutMs);
  }

  /** Answers with a status instead of an upgrade. The connection ends when the answer has left. */
  refuse(socket: Duplex, status: number, title: string, reason?: DisconnectReason): void {
    socket.on("error", () => {});
    const body = reason?.text ?? "";
    const headers = [
      `HTTP/1.1 ${status} ${title}`,
      "Connection: close",
      "Content-Type: text/plain; charset=utf-8",
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...(reason ? [`${REFUSAL_HEADER}: ${reason.code}`] : []),
    ];
    this.#endAfter(socket, REFUSAL_MS);
    socket.end(`${headers.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
  }

  /** Ends all of them at once. */
  close(): void {
    for (const socket of [...this.#waiting.keys()]) socket.destroy();
  }

  #endAfter(socket: Duplex, ms: number): void {
    const timer = this.#waiting.get(socket);
    if (timer === undefined) socket.once("close", () => this.leave(socket));
    else this.#clock.clearTimeout(timer);
    this.#waiting.set(
      socket,
      this.#clock.setTimeout(() => socket.destroy(), ms),
    );
  }
}

/** Nothing of it stays in the kernel either, as it would until the other side has closed its end. */
function reset(socket: Socket): void {
  socket.on("error", () => {});
  socket.resetAndDestroy();
}
