import { cloneBytes } from "../../bytes.js";
import type { Clock } from "../../clock.js";
import { Inbox } from "../building/inbox.js";
import { InboxSocket } from "../building/inbox-socket.js";
import { checkPacket } from "../building/packet-limit.js";
import { PacketPool } from "../building/packet-queue.js";
import { processEnded, socketClosed } from "../building/socket-errors.js";
import { SocketUse } from "../building/socket-use.js";
import type { Delivery, IBindEndPoint, IConnectEndPoint, IConnectionHandle, ISocket, Security } from "../socket.js";
import { WebSocketHandle, type WebSocketLike } from "./websocket-handle.js";
import type { WebSocketLimits } from "./websocket-options.js";

/** No `WebSocket` reports when its send queue has room again, so we look this often while a handle waits for it. */
const WRITABLE_LOOK_MS = 5;

/** Calls `farewell` when the process ends, until the returned function is called. */
export type WatchEnd = (farewell: () => void) => () => void;

/** What the sockets of WebSocket clients and servers share: connections and their packets. */
export abstract class WebSocketSocket extends InboxSocket implements ISocket {
  readonly inbox: Inbox;
  readonly #handles = new Set<WebSocketHandle>();
  #writableTimer: unknown = null;
  readonly #use = new SocketUse();
  #forgetEnd = () => {};
  #closing: Promise<void> | null = null;

  constructor(
    readonly limits: WebSocketLimits,
    readonly clock: Clock,
    readonly watchEnd: WatchEnd,
  ) {
    super();
    this.inbox = new Inbox(this, clock, new PacketPool(), "now");
  }

  abstract get boundPort(): number | null;
  abstract bind(endPoint: IBindEndPoint): Promise<void>;
  abstract connect(endPoint: IConnectEndPoint, signal?: AbortSignal): Promise<IConnectionHandle>;
  /** Frees what the subclass holds. */
  protected abstract closeTransport(): Promise<void>;

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  send(handle: WebSocketHandle, packet: Uint8Array, length: number, delivery: Delivery): boolean {
    if (this.isClosed || handle.hasEnded) return false;
    checkPacket(handle, packet, length, delivery);
    const { bufferedBytes } = handle;
    if (bufferedBytes > 0 && bufferedBytes + length > this.limits.sendQueueBytes) {
      handle.isBlocked = true;
      this.#lookForWritable();
      return false;
    }
    // A copy, because `ws` keeps a reference until the kernel has the packet, and the caller reuses its buffer.
    handle.webSocket.send(cloneBytes(packet, 0, length));
    return true;
  }

  flush(): void {}

  protected get isClosed(): boolean {
    return this.#closing !== null;
  }

  /** The one use of the socket, by `bind` or `connect`. */
  protected async begin<Result>(run: (attempt: AbortSignal) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const result = await this.#use.begin(run, signal);
    this.#forgetEnd = this.watchEnd(() => this.#sayFarewell());
    return result;
  }

  /** Takes over an open connection. */
  protected adopt(webSocket: WebSocketLike, security: Security, address: string): WebSocketHandle {
    const handle = new WebSocketHandle(webSocket, this.inbox, this.limits, security, address);
    this.#handles.add(handle);
    handle.closed.then(() => this.#handles.delete(handle));
    return handle;
  }

  async #close(): Promise<void> {
    this.#forgetEnd();
    this.inbox.close();
    if (this.#writableTimer !== null) this.clock.clearTimeout(this.#writableTimer);
    const ended = [...this.#handles].map((handle) =>
      handle.hasEnded ? handle.closed : handle.disconnect(socketClosed),
    );
    await Promise.all([...ended, this.#use.close(), this.closeTransport()]);
  }

  #sayFarewell(): void {
    this.events?.onExit?.();
    for (const handle of this.#handles) if (!handle.hasEnded) void handle.disconnect(processEnded);
  }

  #lookForWritable(): void {
    this.#writableTimer ??= this.clock.setTimeout(() => {
      this.#writableTimer = null;
      let isAnyBlocked = false;
      for (const handle of this.#handles) {
        if (!handle.isBlocked || handle.hasEnded) continue;
        if (handle.bufferedBytes <= this.limits.sendQueueBytes / 2) {
          handle.isBlocked = false;
          this.inbox.writable(handle);
        } else {
          isAnyBlocked = true;
        }
      }
      if (isAnyBlocked && !this.isClosed) this.#lookForWritable();
    }, WRITABLE_LOOK_MS);
  }
}
