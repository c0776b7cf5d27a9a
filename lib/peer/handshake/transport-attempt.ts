import { whenAborted } from "../../abort-signals.js";
import { abortable } from "../../socket/building/socket-errors.js";
import type { IConnectEndPoint, IConnectionHandle, ISocket } from "../../socket/index.js";
import type { PeerConfig } from "../peer-config.js";

/** A client's wait until its transport is connected, which ends in any case. */
export class TransportAttempt {
  readonly #controller = new AbortController();

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** @param timeout makes the error for when it takes longer than `handshakeTimeoutMs` */
  async open(
    socket: ISocket,
    endPoint: IConnectEndPoint,
    { clock, handshakeTimeoutMs }: PeerConfig,
    timeout: () => Error,
    signal: AbortSignal | undefined,
  ): Promise<IConnectionHandle> {
    const attempt = this.#controller.signal;
    const stopWaiting = whenAborted(signal, () => this.abort(signal?.reason));
    const timer = clock.setTimeout(() => this.abort(timeout()), handshakeTimeoutMs);
    try {
      return (await abortable(socket.connect(endPoint, attempt), attempt)).copy();
    } finally {
      clock.clearTimeout(timer);
      stopWaiting();
    }
  }
}
