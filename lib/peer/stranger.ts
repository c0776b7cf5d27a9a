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
  readonly nextDeadlineMs: number;
  queuePlace = -1;
  queuedForMs = 0;
  readonly #owner: StrangerOwner;
  readonly #handle: IConnectionHandle;

  constructor(owner: StrangerOwner, handle: IConnectionHandle) {
    this.#owner = owner;
    this.#handle = handle;
    this.nextDeadlineMs = owner.now() + owner.config.handshakeTimeoutMs;
    handle.connection = this;
  }

  update(nowMs: number): void {
    if (nowMs < this.nextDeadlineMs) return;
    this.#handle.connection = null;
    this.#owner.strangerLeft(this);
    void this.#handle.disconnect({ code: DisconnectCode.HandshakeTimeout, text: "There was no request to connect" });
  }
}
