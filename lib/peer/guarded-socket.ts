import type { Delivery, DisconnectReason, IConnectionHandle, ISocket } from "../socket/index.js";
import { socketFailed } from "./peer-error.js";

export interface GuardedSocketOwner {
  /** Something has failed that nobody waits for. */
  report(error: unknown): void;
  /** A packet was lost, and with it what it belongs to. Called in the middle of a `send`. */
  sendFailed(handle: IConnectionHandle, error: unknown): void;
}

/** The socket of a Peer, for the calls that nobody can catch an exception of. None of them throws or rejects. */
export class GuardedSocket {
  readonly #socket: ISocket;
  readonly #owner: GuardedSocketOwner;

  constructor(socket: ISocket, owner: GuardedSocketOwner) {
    this.#socket = socket;
    this.#owner = owner;
  }

  send(handle: IConnectionHandle, packet: Uint8Array, length: number, delivery: Delivery, lane: number): boolean {
    try {
      return this.#socket.send(handle, packet, length, delivery, lane);
    } catch (error) {
      this.#owner.sendFailed(handle, socketFailed(error));
      return false;
    }
  }

  /** Ends the transport's connection. */
  disconnect(handle: IConnectionHandle, reason: DisconnectReason): Promise<void> {
    return this.#settled(() => handle.disconnect(reason));
  }

  close(): Promise<void> {
    return this.#settled(() => this.#socket.close());
  }

  async #settled(call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.#owner.report(socketFailed(error));
    }
  }
}
