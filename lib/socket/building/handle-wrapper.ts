import type { Pass } from "../../guard/connection-guard.js";
import type { DisconnectReason } from "../disconnect-reason.js";
import type { IConnectionHandle, Security } from "../socket.js";

/**
 * A handle of a socket that is built on another socket. What the inner handle says of itself holds for this one too.
 */
export abstract class HandleWrapper implements IConnectionHandle {
  connection: unknown = null;

  constructor(public inner: IConnectionHandle) {
    // The outer socket is the user of the inner one.
    if (inner.isStateful) inner.connection = this;
  }

  abstract copy(): IConnectionHandle;
  abstract equals(other: IConnectionHandle): boolean;

  get isStateful(): boolean {
    return this.inner.isStateful;
  }

  get pass(): Pass | null {
    return this.inner.pass ?? null;
  }

  set pass(pass: Pass | null) {
    this.inner.pass = pass;
  }

  get reliable(): boolean {
    return this.inner.reliable;
  }

  get ordered(): boolean {
    return this.inner.ordered;
  }

  get security(): Security {
    return this.inner.security;
  }

  get isTls(): boolean {
    return this.inner.isTls;
  }

  get transport(): string {
    return this.inner.transport;
  }

  get addressVerified(): boolean {
    return this.inner.addressVerified;
  }

  get maxPacketSize(): number {
    return this.inner.maxPacketSize;
  }

  get bufferedBytes(): number {
    return this.inner.bufferedBytes;
  }

  get isCongested(): boolean {
    return this.inner.isCongested;
  }

  get bytesPerSecond(): number {
    return this.inner.bytesPerSecond;
  }

  get address(): string {
    return this.inner.address;
  }

  disconnect(reason: DisconnectReason): Promise<void> {
    return this.inner.disconnect(reason);
  }
}
