import type { Port, PortMessage } from "./port.js";

/** How many bytes of messages may wait for the other process. */
const MAX_WAITING_BYTES = 8 * 2 ** 20;
/** What a message costs beside its bytes. */
const MESSAGE_BYTES = 256;

/** Sends messages that may be lost: over 8 MiB that wait for a process which does not read, they are. */
export class LossySender {
  readonly #port: Port;
  #waitingBytes = 0;

  constructor(port: Port) {
    this.#port = port;
  }

  /** @param sizeBytes of what it carries @returns false: it is lost */
  send(message: PortMessage, sizeBytes: number): boolean {
    const costBytes = sizeBytes + MESSAGE_BYTES;
    if (this.#waitingBytes + costBytes > MAX_WAITING_BYTES) return false;
    this.#waitingBytes += costBytes;
    const sent = () => {
      this.#waitingBytes -= costBytes;
    };
    const isTaken = this.#port.send(message, sent);
    if (!isTaken) sent();
    return isTaken;
  }
}
