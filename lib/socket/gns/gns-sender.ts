import { rangeError } from "../../arguments.js";
import { putBytes } from "../../bytes.js";
import { OutgoingBatch } from "../../valve/messages/outgoing-batch.js";
import { MAX_MESSAGE_BYTES, SendFlags } from "../../valve/messages/send-type.js";
import type { NetworkingSockets } from "../../valve/sockets/networking-sockets.js";
import { ConnectionStatus } from "../../valve/values/connection-status.js";
import { checkPacketLength } from "../building/packet-limit.js";
import type { GnsConnection } from "./gns-connection.js";
import { MAX_UNRELIABLE_BYTES } from "./gns-handle.js";

/** The most that GNS adds to a reliable message: a byte of flags and two variable-length integers. */
const MAX_OVERHEAD_BYTES = 16;
/** A batch that exceeds this leaves without waiting for `flush`. */
const MAX_BATCH_BYTES = 1024 * 1024;
const MAX_LANE = 5;
/** A connection that needs longer for what waits is congested. */
const CONGESTED_MS = 20;
/** Less makes no connection congested: a message of the largest size, cut into packets. */
const CONGESTED_BYTES = 20 * 1024;

/**
 * Sends the packets of a GNS socket in batches, and finds out when a connection is full.
 *
 * It refuses packets above `limitBytes` before they are copied. GNS's own limit is far above that, so GNS takes
 * whatever was taken here. The bytes that wait are counted as packets are added. Only when the count reaches the limit
 * is GNS asked how many are left: once for every `limitBytes` of traffic when the connection keeps up.
 */
export class GnsSender {
  readonly #sockets: NetworkingSockets;
  readonly #limitBytes: number;
  readonly #onRefused: (handle: GnsConnection, result: number) => void;
  readonly #batch = new OutgoingBatch();
  /** The connection of each packet of the batch. */
  readonly #handles: GnsConnection[] = [];
  #batchNumber = 1;
  readonly #full = new Map<number, GnsConnection>();
  readonly #status = new ConnectionStatus();

  /** @param onRefused called when GNS does not take what was taken here; `result` is minus a `Result` */
  constructor(
    sockets: NetworkingSockets,
    limitBytes: number,
    onRefused: (handle: GnsConnection, result: number) => void,
  ) {
    this.#sockets = sockets;
    this.#limitBytes = limitBytes;
    this.#onRefused = onRefused;
  }

  /** Takes a packet. False: the connection is full. */
  send(handle: GnsConnection, packet: Uint8Array, length: number, isReliable: boolean, lane: number): boolean {
    checkPacketLength(length, packet, isReliable ? MAX_MESSAGE_BYTES : MAX_UNRELIABLE_BYTES);
    if (!(lane >= 0 && lane <= MAX_LANE)) throw rangeError("lane", `from 0 to ${MAX_LANE}`);
    if (!this.#hasRoom(handle, length)) return false;
    const flags = isReliable ? SendFlags.ReliableNoNagle : SendFlags.NoNagle;
    const offset = this.#batch.reserve(handle.id, length, flags, lane);
    putBytes(packet, length, this.#batch.bytes, offset);
    this.#handles[this.#batch.count - 1] = handle;
    handle.pendingBytes += length + MAX_OVERHEAD_BYTES;
    handle.batchedBytes = this.#batchedBytes(handle) + length;
    handle.batchNumber = this.#batchNumber;
    if (this.#batch.sizeBytes > MAX_BATCH_BYTES) this.flush();
    return true;
  }

  flush(): void {
    const { count } = this.#batch;
    if (count === 0) return;
    this.#batchNumber++;
    this.#sockets.sendBatch(this.#batch);
    const { results } = this.#batch;
    for (let index = 0; index < count; index++) {
      const result = results[index] as number;
      if (result < 0) this.#onRefused(this.#handles[index] as GnsConnection, result);
    }
  }

  /** Bytes that wait here, in GNS, or for an acknowledgement. */
  bufferedBytes(handle: GnsConnection): number {
    if (!this.#sockets.getQuickConnectionStatus(handle.id, this.#status)) return 0;
    const { pendingReliable, pendingUnreliable, sentUnackedReliable } = this.#status;
    return pendingReliable + pendingUnreliable + sentUnackedReliable + this.#batchedBytes(handle);
  }

  /** GNS's own estimate of what it can send. */
  bytesPerSecond(handle: GnsConnection): number {
    return this.#sockets.getQuickConnectionStatus(handle.id, this.#status) ? this.#status.sendRateBytesPerSecond : 0;
  }

  /** Asks GNS only when the count of what was added since it told last is over what it sends in `CONGESTED_MS`. */
  isCongested(handle: GnsConnection): boolean {
    if (handle.pendingBytes <= handle.congestedBytes) return false;
    if (this.#batchedBytes(handle) > 0) this.flush();
    if (!this.#sockets.getQuickConnectionStatus(handle.id, this.#status)) return false;
    const { pendingReliable, pendingUnreliable, sendRateBytesPerSecond } = this.#status;
    handle.pendingBytes = pendingReliable + pendingUnreliable;
    handle.congestedBytes = Math.max((sendRateBytesPerSecond * CONGESTED_MS) / 1000, CONGESTED_BYTES);
    return handle.pendingBytes > handle.congestedBytes;
  }

  /** Calls `callback` for the full connections that take packets again. */
  takeWritable(callback: (handle: GnsConnection) => void): void {
    if (this.#full.size === 0) return;
    for (const id of this.#sockets.takeDrained()) {
      const handle = this.#full.get(id);
      this.#full.delete(id);
      if (handle !== undefined) callback(handle);
    }
  }

  /** A connection has ended. */
  forget(handle: GnsConnection): void {
    this.#full.delete(handle.id);
  }

  #hasRoom(handle: GnsConnection, length: number): boolean {
    if (this.#full.has(handle.id)) return false;
    if (this.#fits(handle, length)) return true;
    this.flush();
    if (!this.#sockets.getQuickConnectionStatus(handle.id, this.#status)) return false;
    handle.pendingBytes = this.#status.pendingReliable + this.#status.pendingUnreliable;
    if (this.#fits(handle, length)) return true;
    this.#full.set(handle.id, handle);
    // Half the limit, or as little as it takes for this packet to fit: it would be refused again at once otherwise.
    const room = this.#limitBytes - length - MAX_OVERHEAD_BYTES;
    this.#sockets.watchDrain(handle.id, Math.max(0, Math.min(this.#limitBytes >> 1, room)));
    return false;
  }

  /** A packet larger than the whole limit goes alone. */
  #fits({ pendingBytes }: GnsConnection, length: number): boolean {
    return pendingBytes === 0 || pendingBytes + length + MAX_OVERHEAD_BYTES <= this.#limitBytes;
  }

  #batchedBytes({ batchNumber, batchedBytes }: GnsConnection): number {
    return batchNumber === this.#batchNumber ? batchedBytes : 0;
  }
}
