import { EventEmitter } from "node:events";
import type { Address } from "../values/address.js";
import type { Connection } from "./connection.js";
import type { Endpoint } from "./endpoint.js";

interface ListenerEvents {
  connection: [Connection];
  close: [];
  newListener: [event: string | symbol];
}

/**
 * A listen socket of an {@link Endpoint}. Connections come by `on("connection")` or `for await`; those that come while
 * nobody listens wait for whoever asks first.
 */
export class Listener extends EventEmitter<ListenerEvents> implements AsyncIterable<Connection> {
  /** GNS's handle. */
  readonly handle: number;
  readonly endpoint: Endpoint;
  /** Where it listens; the port is the real one, also after port 0. */
  readonly address: Address;
  #waiting: Connection[] = [];
  #takers: ((result: IteratorResult<Connection>) => void)[] = [];
  #isClosed = false;

  /** @internal */
  constructor(endpoint: Endpoint, handle: number, address: Address) {
    super();
    this.endpoint = endpoint;
    this.handle = handle;
    this.address = address;
    this.on("newListener", (event) => {
      if (event === "connection") queueMicrotask(() => this.#emitWaiting());
    });
  }

  get port(): number {
    return this.address.port;
  }

  /** Connections as they come in, until the listener closes. */
  [Symbol.asyncIterator](): AsyncIterator<Connection> {
    return {
      next: () => {
        const connection = this.#waiting.shift();
        if (connection) return Promise.resolve({ value: connection, done: false });
        if (this.#isClosed) return Promise.resolve({ value: undefined, done: true });
        return new Promise((resolve) => this.#takers.push(resolve));
      },
      return: () => Promise.resolve({ value: undefined, done: true }),
    };
  }

  /** Closes it and every connection that came in by it; each is told `reason` (0-999) and `text`. */
  close(reason = 0, text = ""): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.endpoint.closeListener(this, reason, text);
    for (const resolve of this.#takers.splice(0)) resolve({ value: undefined, done: true });
    this.endpoint.guard(() => this.emit("close"));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Lets the process end while this is open. Connections that come in later inherit it. */
  unref(): this {
    this.endpoint.sockets.unref(this.handle);
    return this;
  }

  ref(): this {
    this.endpoint.sockets.ref(this.handle);
    return this;
  }

  /** @internal */
  deliver(connection: Connection): void {
    const take = this.#takers.shift();
    if (take) take({ value: connection, done: false });
    else if (this.listenerCount("connection") > 0) this.endpoint.guard(() => this.emit("connection", connection));
    else this.#waiting.push(connection);
  }

  #emitWaiting(): void {
    for (const connection of this.#waiting.splice(0)) this.endpoint.guard(() => this.emit("connection", connection));
  }
}
