import { DisconnectCode, type IConnectionHandle } from "../socket/index.js";
import type { Waiting } from "./deadline-queue.js";
import type { PeerConfig } from "./peer-config.js";

/** Who keeps strangers. */
export interface StrangerOwner {
  readonly config: PeerConfig;
  now(): number;
  strangerLeft(stranger: Stranger): void;
}

/** A connection of the transport that has not asked for anything yet. */
export class Stranger implements Waiting {
  queuePlace = -1;
  readonly deadlineMs: number;
  readonly #owner: StrangerOwner;
  readonly #handle: IConnectionHandle;

  constructor(owner: StrangerOwner, handle: IConnectionHandle) {
    this.#owner = owner;
    this.#handle = handle;
    this.deadlineMs = owner.now() + owner.config.handshakeTimeoutMs;
    handle.connection = this;
  }

  /** It stays as it is. */
  reckonDeadline(): void {}

  update(nowMs: number): void {
    if (nowMs < this.deadlineMs) return;
    this.#handle.connection = null;
    this.#owner.strangerLeft(this);
    void this.#handle.disconnect({ code: DisconnectCode.HandshakeTimeout, text: "There was no request to connect" });
  }
}
