import { serverBusy } from "../../socket/building/socket-errors.js";
import { DisconnectCode, type DisconnectReason, type IConnectionHandle } from "../../socket/index.js";
import type { Waiting } from "../collections/deadline-queue.js";
import type { PeerConfig } from "../peer-config.js";

export interface PendingConnectionOwner {
  readonly config: PeerConfig;
  now(): number;
  /** Ends the transport's connection. Never rejects. */
  leave(handle: IConnectionHandle, reason: DisconnectReason): Promise<void>;
  onPendingEnded(pending: PendingConnection): void;
}

/** A connection of the transport that has not asked for anything yet. */
export class PendingConnection implements Waiting {
  queuePlace = -1;
  readonly deadlineMs: number;
  readonly #owner: PendingConnectionOwner;
  readonly handle: IConnectionHandle;

  constructor(owner: PendingConnectionOwner, handle: IConnectionHandle) {
    this.#owner = owner;
    this.handle = handle;
    this.deadlineMs = owner.now() + owner.config.handshakeTimeoutMs;
    handle.connection = this;
  }

  /** It stays as it is. */
  updateDeadline(): void {}

  update(nowMs: number): void {
    if (nowMs < this.deadlineMs) return;
    this.#end({ code: DisconnectCode.HandshakeTimeout, text: "There was no request to connect" });
  }

  /** Leaves for others. */
  makeRoom(): void {
    this.#end(serverBusy);
  }

  #end(reason: DisconnectReason): void {
    this.handle.connection = null;
    this.#owner.onPendingEnded(this);
    void this.#owner.leave(this.handle, reason);
  }
}
