import { isThenable } from "../../lib/brands.js";
import { systemClock } from "../../lib/clock.js";
import { NetworkError } from "../../lib/network-error.js";
import { checkPort } from "../../lib/socket/building/end-point-errors.js";
import { Inbox } from "../../lib/socket/building/inbox.js";
import { InboxSocket } from "../../lib/socket/building/inbox-socket.js";
import { checkPacket } from "../../lib/socket/building/packet-limit.js";
import { PacketPool } from "../../lib/socket/building/packet-queue.js";
import { socketClosed } from "../../lib/socket/building/socket-errors.js";
import { SocketUse } from "../../lib/socket/building/socket-use.js";
import { Delivery, type IConnectionHandle, type ISocket, SocketFactory, type Verdict } from "../../lib/socket/index.js";
import { WebTransportClientFactory } from "../../lib/socket/webtransport/browser/client-factory.js";
import { WebTransportClientHandle } from "../../lib/socket/webtransport/browser/client-handle.js";
import type { WebTransportInit, WebTransportLike } from "../../lib/socket/webtransport/browser/platform.js";

/** As much as a stream takes that nobody reads. */
const STREAM_WINDOW_BYTES = 262_144;

const copy = (bytes: Uint8Array) => new Uint8Array(bytes);

/** The two ends of a unidirectional stream. */
class Pipe {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  fail!: (error: unknown) => void;

  constructor() {
    let resume = () => {};
    let reading!: ReadableStreamDefaultController<Uint8Array>;
    let writing!: WritableStreamDefaultController;
    const strategy = new ByteLengthQueuingStrategy({ highWaterMark: STREAM_WINDOW_BYTES });
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          reading = controller;
        },
        pull: () => resume(),
        cancel: (reason) => writing.error(reason),
      },
      strategy,
    );
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        writing = controller;
      },
      write: (chunk) => {
        reading.enqueue(copy(chunk));
        if ((reading.desiredSize ?? 1) > 0) return undefined;
        return new Promise<void>((resolve) => {
          resume = resolve;
        });
      },
      close: () => reading.close(),
      abort: (reason) => reading.error(reason),
    });
    this.fail = (error) => {
      reading.error(error);
      writing.error(error);
      resume();
    };
  }
}

/** Datagrams on their way to an end, of which the oldest is dropped when they are too many. */
class Datagrams {
  incomingHighWaterMark = 1;
  outgoingHighWaterMark = 1;
  outgoingMaxAge: number | null = null;
  /** Does not let any leave. */
  isStalled = false;
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  remote!: Datagrams;
  fail!: (error: unknown) => void;
  readonly #arrived: Uint8Array[] = [];
  #reading!: ReadableStreamDefaultController<Uint8Array>;
  #wanted = false;

  constructor() {
    let writing!: WritableStreamDefaultController;
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#reading = controller;
        },
        pull: () => {
          const next = this.#arrived.shift();
          this.#wanted = next === undefined;
          if (next) this.#reading.enqueue(next);
        },
      },
      { highWaterMark: 0 },
    );
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        writing = controller;
      },
      write: (chunk) => (this.isStalled ? new Promise(() => {}) : this.remote.arrive(copy(chunk))),
    });
    this.fail = (error) => {
      this.#reading.error(error);
      writing.error(error);
    };
  }

  arrive(bytes: Uint8Array): void {
    if (this.#wanted) {
      this.#wanted = false;
      this.#reading.enqueue(bytes);
      return;
    }
    this.#arrived.push(bytes);
    if (this.#arrived.length > this.incomingHighWaterMark) this.#arrived.shift();
  }
}

/** One end of a session. */
export class FakeSession implements WebTransportLike {
  readonly datagrams = new Datagrams();
  readonly incomingUnidirectionalStreams: ReadableStream<ReadableStream<Uint8Array>>;
  readonly closed: Promise<{ closeCode?: number; reason?: string }>;
  ready: Promise<unknown> = Promise.resolve();
  /** `sendOrder` of each stream that this end has opened. */
  readonly sendOrders: (number | undefined)[] = [];
  remote!: FakeSession;
  readonly #pipes = new Set<Pipe>();
  #incoming!: ReadableStreamDefaultController<ReadableStream<Uint8Array>>;
  #settle!: { resolve(info: object): void; reject(error: unknown): void };
  #isClosed = false;

  constructor() {
    this.incomingUnidirectionalStreams = new ReadableStream({
      start: (controller) => {
        this.#incoming = controller;
      },
    });
    this.closed = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.closed.catch(() => {});
  }

  static pair(): [FakeSession, FakeSession] {
    const [near, far] = [new FakeSession(), new FakeSession()];
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.remote = other;
      one.datagrams.remote = other.datagrams;
    }
    return [near, far];
  }

  async createUnidirectionalStream({ sendOrder }: { sendOrder?: number } = {}): Promise<WritableStream<Uint8Array>> {
    if (this.#isClosed) throw new Error("The session is closed");
    this.sendOrders.push(sendOrder);
    const pipe = new Pipe();
    this.#pipes.add(pipe);
    this.remote.#pipes.add(pipe);
    this.remote.#incoming.enqueue(pipe.readable);
    return pipe.writable;
  }

  close({ closeCode = 0, reason = "" } = {}): void {
    if (this.#isClosed) return;
    this.#end((end) => end.resolve({ closeCode, reason }));
    setImmediate(() => this.remote.#end((end) => end.resolve({ closeCode, reason })));
  }

  /** The connection is lost, as both ends find out. */
  lose(): void {
    for (const end of [this, this.remote]) end.#end(({ reject }) => reject(new Error("The connection was lost")));
  }

  #end(settle: (end: { resolve(info: object): void; reject(error: unknown): void }) => void): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    settle(this.#settle);
    const error = new Error("The session is closed");
    for (const pipe of this.#pipes) pipe.fail(error);
    this.datagrams.fail(error);
    this.#incoming.error(error);
  }
}

/** Who listens on a port, and decides about those who come. */
type Listener = (session: FakeSession, url: URL, init: WebTransportInit) => Promise<boolean>;

/** The servers that {@link FakeWebTransport} finds, by their ports. */
export const fakeServers = new Map<number, Listener>();

/** Behaves like the platform's `WebTransport`, towards {@link fakeServers}. */
export class FakeWebTransport {
  constructor(url: string, init: WebTransportInit) {
    const [near, far] = FakeSession.pair();
    const { hostname, port } = new URL(url);
    const listener = hostname.endsWith(".invalid") ? undefined : fakeServers.get(Number(port));
    near.ready = new Promise<void>((resolve, reject) => {
      const refuse = () => reject(new Error("Opening handshake failed."));
      near.closed.then(refuse, refuse);
      setImmediate(async () => {
        if (listener && (await listener(far, new URL(url), init))) resolve();
        else near.lose();
      });
    });
    near.ready.catch(() => {});
    // biome-ignore lint/correctness/noConstructorReturn: the platform's has no other members either
    return near as unknown as FakeWebTransport;
  }
}

let lastPort = 40_000;

/** A server over fake sessions; its ends of them are those of pages, with the roles of streams exchanged. */
class FakeServerSocket extends InboxSocket implements ISocket {
  boundPort: number | null = null;
  readonly inbox = new Inbox(this, systemClock, new PacketPool(), "now");
  readonly #handles = new Set<WebTransportClientHandle>();
  readonly #use = new SocketUse();
  #clients = 0;

  async bind({ port }: { port: number }): Promise<void> {
    await this.#use.begin(async () => {
      checkPort(port);
      if (fakeServers.has(port))
        throw new NetworkError("ERR_ADDRESS_IN_USE", `WebTransport: 127.0.0.1:${port} is taken`);
      this.boundPort = port || ++lastPort;
      fakeServers.set(this.boundPort, (session) => this.#listen(session));
    });
  }

  async connect(): Promise<IConnectionHandle> {
    throw new NetworkError("ERR_NOT_SUPPORTED", "A WebTransport server does not connect");
  }

  async close(): Promise<void> {
    this.inbox.close();
    if (this.boundPort !== null) fakeServers.delete(this.boundPort);
    this.boundPort = null;
    await Promise.all([...this.#handles].map((handle) => handle.disconnect(socketClosed)));
    await this.#use.close();
  }

  send(handle: WebTransportClientHandle, packet: Uint8Array, length: number, delivery: Delivery, lane = 0): boolean {
    if (handle.hasEnded || this.#use.isClosed) return false;
    checkPacket(handle, packet, length, delivery);
    if (delivery === Delivery.Reliable) return handle.sendReliable(packet, length, lane);
    handle.sendDatagram(packet, length);
    return true;
  }

  flush(): void {
    for (const handle of this.#handles) handle.flush();
  }

  async #listen(session: FakeSession): Promise<boolean> {
    const address = `127.0.0.1:${++this.#clients}`;
    const asked = this.inbox.ask({ address, security: "authenticated" });
    const verdict: Verdict = isThenable(asked) ? await asked : asked;
    if (verdict !== true || this.#use.isClosed) return false;
    const limits = { sendQueueBytes: 2 ** 20, closeTimeoutMs: 2000 };
    const handle = new WebTransportClientHandle(session, this.inbox, limits, address);
    this.#handles.add(handle);
    void handle.closed.then(() => this.#handles.delete(handle));
    this.inbox.connected(handle);
    return true;
  }
}

/** Servers over fake sessions, and clients over the platform's `WebTransport`, which is to be a fake one. */
export class FakeWebTransportFactory extends SocketFactory {
  readonly maxPacketSize = 1132;
  readonly port: number;

  constructor({ port = 0 } = {}) {
    super();
    this.port = port;
  }

  createServerSocket(): ISocket {
    return new FakeServerSocket() as ISocket;
  }

  override createClientSocket(): ISocket {
    return new WebTransportClientFactory().createClientSocket() as ISocket;
  }

  getBindEndPoint() {
    return { port: this.port };
  }

  getConnectEndPoint(host = "127.0.0.1", port = this.port) {
    return new WebTransportClientFactory().getConnectEndPoint(host, port);
  }
}
