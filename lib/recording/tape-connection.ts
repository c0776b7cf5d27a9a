import { NetworkError } from "../network-error.js";
import type { LibraryConnection } from "../peer/connection/connection.js";
import { PeerConnectionState } from "../peer/connection/peer-connection-state.js";
import type { NotifyCallbacks } from "../peer/index.js";
import { ConnectionMetrics } from "../peer/metrics.js";
import { StatefulHandle } from "../socket/building/handles.js";
import type { DisconnectReason, IConnectionHandle } from "../socket/index.js";

class TapeHandle extends StatefulHandle implements IConnectionHandle {
  readonly ordered = true;
  readonly security = "none";
  readonly isTls = false;
  readonly transport = "recording";
  readonly address = "recording";
  readonly maxPacketSize = 16_384;
  readonly bufferedBytes = 0;
  readonly isCongested = false;

  async disconnect(): Promise<void> {}
}

/** A connection to nobody: what is sent there is recorded, and always arrives. */
export class TapeConnection implements LibraryConnection {
  readonly handle: IConnectionHandle = new TapeHandle();
  state = PeerConnectionState.Connected;
  reason: DisconnectReason | null = null;
  readonly security = "none";
  readonly channelBinding = null;
  readonly fingerprintMatches = true;
  readonly roundTripTimeMs = 0;
  readonly bufferedBytes = 0;
  readonly sendBudget = { bytesPerSecond: Number.POSITIVE_INFINITY, bytesFree: Number.POSITIVE_INFINITY };
  readonly metrics = new ConnectionMetrics();
  readonly closed: Promise<DisconnectReason>;
  isTrusted = true;
  observer = null;
  onStream = null;
  readonly #take: (bytes: Uint8Array) => void;
  #delivered: NotifyCallbacks[] = [];
  #onClosed: (reason: DisconnectReason) => void = () => {};

  /** @param take gets each message, which is in these bytes until it returns */
  constructor(take: (bytes: Uint8Array) => void) {
    this.#take = take;
    this.closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
  }

  send(bytes: Uint8Array, _channel?: unknown, _lane?: number, offset = 0, length = bytes.length - offset): boolean {
    if (this.reason) return false;
    this.#take(bytes.subarray(offset, offset + length));
    return true;
  }

  sendNotify(bytes: Uint8Array, callbacks: NotifyCallbacks, offset = 0, length = bytes.length - offset): boolean {
    if (!this.send(bytes, undefined, 0, offset, length)) return false;
    this.#delivered.push(callbacks);
    return true;
  }

  /** What was sent as notify until now has arrived. */
  confirm(): void {
    const delivered = this.#delivered;
    this.#delivered = [];
    for (const callbacks of delivered) callbacks.onDelivered?.();
  }

  queuedBytes(): number {
    return 0;
  }

  queueEnd(): number {
    return 0;
  }

  flush(): void {}

  disconnect(reason: DisconnectReason = { code: 0, text: "" }): void {
    if (this.reason) return;
    this.reason = reason;
    this.state = PeerConnectionState.Disconnected;
    const lost = this.#delivered;
    this.#delivered = [];
    for (const callbacks of lost) callbacks.onLost?.();
    this.#onClosed(reason);
  }

  close(reason?: DisconnectReason): Promise<DisconnectReason> {
    this.disconnect(reason);
    return this.closed;
  }

  refuse(code: number, text: string): void {
    this.disconnect({ code, text });
  }

  openStream(): never {
    throw new NetworkError("ERR_NOT_CONNECTED", "A recording takes no streams");
  }
}
