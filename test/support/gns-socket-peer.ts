import type { ChildProcess } from "node:child_process";

/** A running `gns-socket-peer.mjs`: keeps the messages that it sends, and waits for one. */
export class GnsSocketPeer {
  readonly #said: Record<string, unknown>[] = [];
  #waiting: (() => void)[] = [];
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (message: Record<string, unknown>) => {
      this.#said.push(message);
      for (const check of [...this.#waiting]) check();
    });
  }

  /** The value of `field` in the first message that has it. */
  hear<T>(field: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = this.#said.find((message) => field in message);
        if (found !== undefined) resolve(found[field] as T);
      };
      this.#child.once("exit", (code, signal) =>
        reject(new Error(`the peer ended (${signal ?? code}) before ${field}`)),
      );
      this.#waiting.push(check);
      check();
    });
  }

  hasSaid(field: string): boolean {
    return this.#said.some((message) => field in message);
  }

  /** Passes its signals on to another peer. */
  signalTo(other: GnsSocketPeer): void {
    this.#child.on("message", ({ signal }: { signal?: string }) => {
      if (signal !== undefined && other.#child.connected) other.#child.send({ signal });
    });
  }

  end(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return resolve();
      this.#child.once("exit", () => resolve());
      if (this.#child.connected) this.#child.send({ end: true });
    });
  }
}
