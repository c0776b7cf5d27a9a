import { afterEach, beforeEach } from "vitest";
import type { IConnectionHandle, ISocket } from "../../lib/socket/index.js";

/** What ends the process if nobody takes it. */
export const unfollowed: unknown[] = [];
export const note = (error: unknown) => unfollowed.push(error);
beforeEach(() => {
  unfollowed.length = 0;
  for (const name of ["unhandledRejection", "uncaughtException"] as const) process.on(name, note);
});
afterEach(() => {
  for (const name of ["unhandledRejection", "uncaughtException"] as const) process.off(name, note);
});

export type FailingCall = "send" | "close" | "disconnect";
export const broken = () => new Error("The cable is broken");

/** Lets one call of a socket, or of its handles, fail: the one with the number `at`, from 0. */
export class Failing {
  count = 0;
  readonly #call: FailingCall;
  readonly #at: number;
  readonly #rejects: boolean;

  constructor(call: FailingCall, at: number, rejects: boolean) {
    this.#call = call;
    this.#at = at;
    this.#rejects = rejects;
  }

  wrap(socket: ISocket): ISocket {
    const send = socket.send.bind(socket);
    const close = socket.close.bind(socket);
    socket.send = (...args) => {
      this.#meet("send");
      this.#watch(args[0]);
      return send(...args);
    };
    socket.close = () => this.#meet("close") ?? close();
    return socket;
  }

  readonly #seen = new WeakSet<IConnectionHandle>();
  #watch(handle: IConnectionHandle): void {
    if (this.#seen.has(handle)) return;
    this.#seen.add(handle);
    const disconnect = handle.disconnect.bind(handle);
    handle.disconnect = (reason) => {
      const failure = this.#meet("disconnect");
      // The transport goes on to its end all the same.
      const ended = disconnect(reason);
      return failure ?? ended;
    };
  }

  #meet(call: FailingCall): Promise<void> | null {
    if (call !== this.#call || this.count++ !== this.#at) return null;
    if (!this.#rejects) throw broken();
    return Promise.reject(broken());
  }
}
