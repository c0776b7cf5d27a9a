import { isThenable } from "../../brands.js";
import { EventHub, type EventListener } from "../../event-hub.js";
import { type Court, judge, type Verdict } from "../../verdict.js";
import type { NetworkingSockets } from "../sockets/networking-sockets.js";
import type { Address } from "../values/address.js";
import { type CloseReason, checkCloseReason } from "../values/close-reason.js";
import type { ConnectionInfo } from "../values/connection-info.js";
import type { Connection } from "./connection.js";
import { diagnostics, reportUncaught, warn } from "./diagnostics.js";
import type { ListenOptions } from "./endpoint.js";
import { Intake } from "./intake.js";
import type { Listener, ListenerEvents } from "./listener.js";

const full = { code: 0, text: "The server is full" };
/** For a `beforeAccept` that throws, or gives no proper answer. */
export const serverFailed = { code: 0, text: "The server failed" };

/** What a listener needs of its endpoint. */
export interface ListenerOwner {
  readonly sockets: NetworkingSockets;
  closeListener(listener: EndpointListener, reason: Required<CloseReason>): void;
}

/** A listener of an endpoint. Users see it as a {@link Listener}, where its members are documented. */
export class EndpointListener implements Listener {
  readonly handle: number;
  readonly address: Address;
  /** Connections that it has accepted and that have not ended. */
  count = 0;
  readonly #owner: ListenerOwner;
  readonly #options: ListenOptions;
  readonly #events = new EventHub<ListenerEvents>(["connection", "close"], reportUncaught);
  readonly #intake = new Intake<Connection>(
    (connection) => this.#events.emit("connection", connection),
    () => this.#events.listenerCount("connection") > 0,
  );
  readonly #court: Court;
  #isClosed = false;

  constructor(owner: ListenerOwner, handle: number, address: Address, options: ListenOptions) {
    this.#owner = owner;
    this.handle = handle;
    this.address = address;
    this.#options = options;
    const report = (error: unknown) => (options.onError ?? warn)(error);
    this.#court = { callback: "beforeAccept", maxCode: 999, failed: serverFailed, report };
  }

  get port(): number {
    return this.address.port;
  }

  on<Name extends keyof ListenerEvents>(name: Name, listener: EventListener<ListenerEvents[Name]>): () => void {
    const off = this.#events.on(name, listener);
    // What came before goes to the first listener, after this turn.
    if (name === "connection") queueMicrotask(() => this.#intake.flush());
    return off;
  }

  [Symbol.asyncIterator](): AsyncIterator<Connection> {
    return this.#intake.iterate();
  }

  close(reason: CloseReason = {}): void {
    const checked = checkCloseReason(reason);
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#owner.closeListener(this, checked);
    this.#intake.end();
    this.#events.emit("close");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  unref(): this {
    this.#owner.sockets.unref(this.handle);
    return this;
  }

  ref(): this {
    this.#owner.sockets.ref(this.handle);
    return this;
  }

  /** Whether it takes a connection. */
  judge(info: ConnectionInfo): Verdict | Promise<Verdict> {
    const answer = this.#ask(info);
    const tell = (verdict: Verdict) => {
      if (verdict !== true && diagnostics.drop.hasSubscribers) diagnostics.drop.publish({ reason: verdict });
      return verdict;
    };
    return isThenable(answer) ? answer.then(tell) : tell(answer);
  }

  /** A connection has come in and is up. */
  deliver(connection: Connection): void {
    this.#intake.push(connection);
  }

  /** Whether there is room for a connection that is about to be accepted. */
  admit(): true | Required<CloseReason> {
    return this.count < (this.#options.maxConnections ?? 100) || full;
  }

  #ask(info: ConnectionInfo): Verdict | Promise<Verdict> {
    const { beforeAccept } = this.#options;
    const room = this.admit();
    return room === true && beforeAccept !== undefined ? judge(this.#court, () => beforeAccept(info)) : room;
  }
}
