import type { Clock } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import { closedError, connectError, refusedError } from "../building/socket-errors.js";
import type { DisconnectReason } from "../disconnect-reason.js";
import type { IBindEndPoint, ISocket, Security } from "../socket.js";
import type { WebSocketHandle, WebSocketLike } from "./websocket-handle.js";
import type { WebSocketConnectEndPoint, WebSocketLimits } from "./websocket-options.js";
import { WebSocketSocket } from "./websocket-socket.js";

/** Begins a connection. Implementations that can tell why a server refused it call `onRefused`. */
type OpenWebSocket = (
  url: string,
  onRefused: (reason: DisconnectReason) => void,
) => WebSocketLike | Promise<WebSocketLike>;

/** A WebSocket client, over any implementation of `WebSocket`. */
export class WebSocketClientSocket extends WebSocketSocket implements ISocket<IBindEndPoint, WebSocketConnectEndPoint> {
  readonly boundPort = null;
  readonly #open: OpenWebSocket;
  readonly #tlsSecurity: Security;
  #abort: (error: unknown) => void = () => {};

  /** @param tlsSecurity of a connection over `wss:`: what the check of the server's certificate proves */
  constructor(limits: WebSocketLimits, clock: Clock, open: OpenWebSocket, tlsSecurity: Security) {
    super(limits, clock);
    this.#open = open;
    this.#tlsSecurity = tlsSecurity;
  }

  async bind(): Promise<void> {
    throw new NetworkError("ERR_NOT_SUPPORTED", "A WebSocket client does not listen");
  }

  async connect({ url }: WebSocketConnectEndPoint, signal?: AbortSignal): Promise<WebSocketHandle> {
    signal?.throwIfAborted();
    this.checkFresh();
    const security = url.startsWith("wss:") ? this.#tlsSecurity : "none";
    this.inbox.hold();
    let refuse: (reason: DisconnectReason) => void = () => {};
    const webSocket = await this.#open(url, (reason) => refuse(reason));
    const abort = () => this.#abort(signal?.reason);
    try {
      const handle = await new Promise<WebSocketHandle>((resolve, reject) => {
        this.#abort = reject;
        refuse = (reason) => reject(refusedError(url, reason));
        // Adopted at once, because the first packet may arrive together with the response to the handshake.
        webSocket.onopen = () => resolve(this.adopt(webSocket, security, new URL(url).host));
        webSocket.onerror = (event) => {
          reject(connectError(url, event.message || "the handshake failed"));
        };
        webSocket.onclose = ({ code }) => reject(connectError(url, `WebSocket close code ${code}`));
        signal?.addEventListener("abort", abort);
        if (this.isClosed) reject(closedError());
        if (signal?.aborted) abort();
      });
      this.inbox.release();
      return handle;
    } catch (error) {
      webSocket.onopen = null;
      webSocket.onclose = null;
      webSocket.onerror = () => {};
      webSocket.close();
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  protected async closeTransport(): Promise<void> {
    this.#abort(closedError());
  }
}
