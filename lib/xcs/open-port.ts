import { whenAborted } from "../abort-signals.js";
import type { Clock } from "../clock.js";
import { MAX_DATAGRAM_SIZE, type NetworkPort, type PortCounters, type PortSink, type XcsProtocol } from "./network.js";
import { XcsError } from "./xcs-error.js";

/** A datagram above this is cut into several packets on most paths, and lost when one of them is. */
const LARGE_DATAGRAM_SIZE = 1200;
/** How many reads may wait on one port. */
const MAX_WAITING_READS = 1024;

/** How much a port holds. */
export interface PortLimits {
  readonly maxMessageSize: number;
  readonly maxQueuedEntries: number;
  readonly maxQueuedBytes: number;
}

/** Whoever has opened a port. */
export interface PortOwner {
  readonly name: string;
  readonly clock: Clock;
  readonly limits: PortLimits;
  readable(port: number): void;
  disconnected(port: number, address: string, error: XcsError | null): void;
  largeDatagram(port: number, sizeBytes: number): void;
}

interface WaitingRead {
  resolve(data: Uint8Array): void;
  reject(error: unknown): void;
}

/** An open port of a computer: what has arrived and was not read, who waits for more, and how it writes. */
export class OpenPort implements PortSink {
  readonly openedMs: number;
  readonly counters: PortCounters = {
    sent: 0,
    sentBytes: 0,
    received: 0,
    receivedBytes: 0,
    lost: 0,
    dropped: 0,
    segments: 0,
    segmentsSent: 0,
  };
  /** Null until the network has opened it. */
  network: NetworkPort | null = null;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  readonly #reads = new Set<WaitingRead>();
  #writes = 0;
  #writeBytes = 0;
  #isLargeSaid = false;

  constructor(
    readonly port: number,
    readonly protocol: XcsProtocol,
    readonly owner: PortOwner,
  ) {
    this.openedMs = owner.clock.now();
  }

  get maxMessageSize(): number {
    return this.owner.limits.maxMessageSize;
  }

  /** Entries that wait to be read. */
  get unread(): number {
    return this.#queue.length;
  }

  get unreadBytes(): number {
    return this.#queuedBytes;
  }

  hasRoom(sizeBytes: number): boolean {
    const { maxQueuedEntries, maxQueuedBytes } = this.owner.limits;
    if (this.#queue.length === 0) return true;
    return this.#queue.length < maxQueuedEntries && this.#queuedBytes + sizeBytes <= maxQueuedBytes;
  }

  receive(data: Uint8Array): void {
    this.counters.received++;
    this.counters.receivedBytes += data.length;
    const [waiting] = this.#reads;
    if (waiting) {
      waiting.resolve(data);
      return;
    }
    while (!this.hasRoom(data.length)) {
      this.#take();
      this.counters.dropped++;
    }
    this.#queue.push(data);
    this.#queuedBytes += data.length;
    // Later, so that no listener runs in the middle of somebody's write; by then it may have been read, or closed.
    if (this.#queue.length === 1) queueMicrotask(() => this.#queue.length > 0 && this.owner.readable(this.port));
  }

  disconnected(address: string, error: XcsError | null): void {
    this.owner.disconnected(this.port, address, error);
  }

  /** The next entry, which stays there. */
  peek(): Uint8Array | null {
    return this.#queue[0] ?? null;
  }

  /** Takes the next entry. */
  read(): Uint8Array | null {
    const data = this.#take();
    if (data) this.network?.resume();
    return data;
  }

  readAsync(timeoutMs: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const data = this.read();
    if (data) return Promise.resolve(data);
    if (this.#reads.size >= MAX_WAITING_READS) {
      throw this.#error("ENOBUFS", `${MAX_WAITING_READS} reads wait on port ${this.port}: await some of them first`);
    }
    const { clock } = this.owner;
    return new Promise((resolve, reject) => {
      const stop = () => {
        clock.clearTimeout(timer);
        unwatch();
        this.#reads.delete(waiting);
      };
      const waiting: WaitingRead = {
        resolve: (data) => {
          stop();
          resolve(data);
        },
        reject: (error) => {
          stop();
          reject(error);
        },
      };
      const late = () =>
        waiting.reject(this.#error("ETIMEDOUT", `Nothing came to port ${this.port} in ${timeoutMs} ms`));
      const timer = clock.setTimeout(late, timeoutMs);
      const unwatch = whenAborted(signal, () => waiting.reject((signal as { reason?: unknown }).reason));
      this.#reads.add(waiting);
    });
  }

  async write(data: Uint8Array): Promise<void> {
    const { maxQueuedEntries, maxQueuedBytes } = this.owner.limits;
    this.#checkSize(data.length);
    const isFull = this.#writeBytes + data.length > maxQueuedBytes && this.#writes > 0;
    if (isFull || this.#writes >= maxQueuedEntries) {
      const text = `${this.#writes} writes wait on port ${this.port}, since a receiver does not read: await them first`;
      throw this.#error("ENOBUFS", text);
    }
    this.#writes++;
    this.#writeBytes += data.length;
    try {
      await this.network?.write(data);
      this.counters.sent++;
      this.counters.sentBytes += data.length;
    } finally {
      this.#writes--;
      this.#writeBytes -= data.length;
    }
  }

  /** Ends what waits. @returns how many entries nobody has read */
  async close(): Promise<number> {
    const error = this.#error("ECLOSED", `Port ${this.port} was closed while this waited for data`);
    for (const waiting of [...this.#reads]) waiting.reject(error);
    const discarded = this.#queue.length;
    this.#queue = [];
    this.#queuedBytes = 0;
    await this.network?.close();
    return discarded;
  }

  #take(): Uint8Array | null {
    const data = this.#queue.shift();
    if (data) this.#queuedBytes -= data.length;
    return data ?? null;
  }

  #checkSize(sizeBytes: number): void {
    const limit = this.protocol === "UDP" ? MAX_DATAGRAM_SIZE : this.maxMessageSize;
    if (sizeBytes > limit) {
      const what = this.protocol === "UDP" ? "a datagram holds" : "maxMessageSize allows";
      throw this.#error("EMSGSIZE", `${sizeBytes} bytes are more than ${what} (${limit}): cut the data into parts`);
    }
    if (this.protocol === "TCP" || sizeBytes <= LARGE_DATAGRAM_SIZE || this.#isLargeSaid) return;
    this.#isLargeSaid = true;
    this.owner.largeDatagram(this.port, sizeBytes);
  }

  #error(name: ConstructorParameters<typeof XcsError>[0], text: string): XcsError {
    return new XcsError(name, text, { port: this.port, protocol: this.protocol });
  }
}
