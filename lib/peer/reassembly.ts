import { ConnectionMetrics, PeerMetrics } from "./metrics.js";

/** How much a connection may hold of what can be refused: early bytes and fragments, beside what messages take. */
export const CONNECTION_BYTES = 256 * 1024;
/** The same where the other side is trusted: a message of any size that is allowed has room. */
export const trustedBytes = (maxReliableMessageSize: number) => Math.max(CONNECTION_BYTES, maxReliableMessageSize);
/** How much all connections of a Peer may hold together. */
export const PEER_BYTES = 64 * 2 ** 20;
/** All that a connection may hold whose other side is not authenticated. */
export const UNTRUSTED_BYTES = 16 * 1024;
/** That of it which can be refused. The rest is for messages: an authentication, and the table of a protocol. */
export const UNTRUSTED_EARLY_BYTES = UNTRUSTED_BYTES / 4;

/** What all connections of a Peer hold of incomplete messages. When it is too much, the largest holder has to end. */
export class ReassemblyPool {
  /** Those that have held something and whose connections have not ended. */
  readonly #holders = new Set<ReassemblyBudget>();
  readonly #maxBytes: number;
  readonly #metrics: PeerMetrics;

  /** @param metrics counts for the user */
  constructor(maxBytes = PEER_BYTES, metrics = new PeerMetrics()) {
    this.#maxBytes = maxBytes;
    this.#metrics = metrics;
  }

  get usedBytes(): number {
    return this.#metrics.reassemblyBytes;
  }

  /** `holder` begins to hold something, or has ended. Not for each message: a tenth of a receiver's time went there. */
  add(holder: ReassemblyBudget): void {
    this.#holders.add(holder);
  }

  remove(holder: ReassemblyBudget): void {
    this.#holders.delete(holder);
  }

  /** Somebody holds `bytes` more, or fewer. */
  change(bytes: number): void {
    this.#metrics.reassemblyBytes += bytes;
    if (this.usedBytes <= this.#maxBytes) return;
    this.#metrics.reassemblyEvictions++;
    this.#largest()?.onExhausted();
  }

  /** Of the source that holds most, the connection that holds most. */
  #largest(): ReassemblyBudget | undefined {
    const sources = new Map<string, number>();
    let most = 0;
    for (const { source, usedBytes } of this.#holders) {
      const bytes = (sources.get(source) ?? 0) + usedBytes;
      sources.set(source, bytes);
      most = Math.max(most, bytes);
    }
    let largest: ReassemblyBudget | undefined;
    for (const holder of this.#holders) {
      const isLarger = holder.usedBytes > (largest?.usedBytes ?? 0);
      if (sources.get(holder.source) === most && isLarger) largest = holder;
    }
    return largest;
  }
}

/** What one connection holds of incomplete messages. */
export class ReassemblyBudget {
  maxBytes: number;
  /** That of the connection's address. */
  source: string;
  readonly #pool: ReassemblyPool;
  readonly #onExhausted: () => void;
  readonly #metrics: ConnectionMetrics;
  #isHolder = false;
  #hasEnded = false;

  /** @param metrics counts for the user */
  constructor(
    pool: ReassemblyPool,
    source: string,
    maxBytes: number,
    onExhausted: () => void,
    metrics = new ConnectionMetrics(),
  ) {
    this.#metrics = metrics;
    this.#pool = pool;
    this.source = source;
    this.maxBytes = maxBytes;
    this.#onExhausted = onExhausted;
  }

  get usedBytes(): number {
    return this.#metrics.reassemblyBytes;
  }

  get isTrusted(): boolean {
    return this.maxBytes > UNTRUSTED_BYTES;
  }

  /** How much more may be taken of what can be refused. */
  get freeBytes(): number {
    const maxBytes = this.isTrusted ? this.maxBytes : Math.min(this.maxBytes, UNTRUSTED_EARLY_BYTES);
    return Math.max(maxBytes - this.usedBytes, 0);
  }

  /** @returns false: there is no room, and nothing was taken */
  tryTake(bytes: number): boolean {
    if (bytes > this.freeBytes) return false;
    this.take(bytes);
    return true;
  }

  take(bytes: number): void {
    if (this.#hasEnded) return;
    if (!this.#isHolder) this.#pool.add(this);
    this.#isHolder = true;
    this.#metrics.reassemblyBytes += bytes;
    this.#pool.change(bytes);
  }

  giveBack(bytes: number): void {
    if (this.#hasEnded) return;
    this.#metrics.reassemblyBytes -= bytes;
    this.#pool.change(-bytes);
  }

  /** All connections together hold too much, and this one most. */
  onExhausted(): void {
    this.dispose();
    this.#onExhausted();
  }

  /** The connection has ended. */
  dispose(): void {
    this.giveBack(this.usedBytes);
    this.#pool.remove(this);
    this.#hasEnded = true;
  }
}

/**
 * Takes memory for a message whose bytes have come in order, and cannot be refused: that could stop its lane for good.
 * Each lane has one, of up to `maxReliableMessageSize`. Before authentication they share `UNTRUSTED_BYTES`.
 *
 * @returns false: they are used up, and the connection has ended
 */
export function takeForMessage(host: MessageHolder, bytes: number): boolean {
  const { reassembly } = host;
  reassembly.take(bytes);
  if (reassembly.isTrusted || reassembly.usedBytes <= reassembly.maxBytes) return true;
  host.malformed(`Over ${reassembly.maxBytes} bytes of incomplete messages before authentication`);
  return false;
}

interface MessageHolder {
  readonly reassembly: ReassemblyBudget;
  /** Ends the connection. */
  malformed(text: string): void;
}
