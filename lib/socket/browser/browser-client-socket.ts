import { whenAborted } from "../../abort-signals.js";
import type { Clock } from "../../clock.js";
import { formatHost } from "../../format-host.js";
import { NetworkError } from "../../network-error.js";
import { reportUncaught } from "../../report-uncaught.js";
import { closedError, noPacketError } from "../building/socket-errors.js";
import { SocketUse } from "../building/socket-use.js";
import { DisconnectCode, type DisconnectReason, libraryReason } from "../disconnect-reason.js";
import type { Delivery, IBindEndPoint, IConnectionHandle, ISocket, ReceivedPacket, SocketEvents } from "../socket.js";
import type { SocketFactory } from "../socket-factory.js";
import type { WebSocketConnectEndPoint } from "../websocket/websocket-options.js";
import type { WebTransportConnectEndPoint } from "../webtransport/browser/client-options.js";
import type { BrowserConnectEndPoint } from "./browser-client-options.js";
import { RaceLost, race } from "./race.js";
import { type GetText, readAnnouncement } from "./read-announcement.js";

/** For so long after a fallback both transports are tried at once. */
const REMEMBERED_MS = 600_000;

/** What the sockets of a factory share. */
export interface BrowserClientParts {
  /** Null: without it. */
  readonly webTransport: SocketFactory<IBindEndPoint, WebTransportConnectEndPoint> | null;
  readonly webSocket: SocketFactory<IBindEndPoint, WebSocketConnectEndPoint> | null;
  readonly getText: GetText;
  /** What is wrong where WebTransport is not supported. */
  missing(): NetworkError;
  readonly clock: Clock;
  readonly fallbackAfterMs: number;
  onFallback(reason: DisconnectReason): void;
  /** The last fallback is remembered until then. */
  rememberedUntilMs: number;
}

/** A client over WebTransport, or over WebSocket where that does not come about. */
export class BrowserClientSocket implements ISocket<IBindEndPoint, BrowserConnectEndPoint> {
  events: SocketEvents | null = null;
  readonly boundPort = null;
  readonly #parts: BrowserClientParts;
  readonly #use = new SocketUse();
  /** Those that try to connect, and the one that has. */
  #open: ISocket[] = [];
  #winner: ISocket | null = null;

  constructor(parts: BrowserClientParts) {
    this.#parts = parts;
  }

  get droppedPackets(): number {
    return this.#winner?.droppedPackets ?? 0;
  }

  async bind(): Promise<void> {
    throw new NetworkError("ERR_NOT_SUPPORTED", "A client does not listen");
  }

  connect(endPoint: BrowserConnectEndPoint, signal?: AbortSignal): Promise<IConnectionHandle> {
    return this.#use.begin(async (attempt) => {
      // It ends what is still under way when one has won, too.
      const over = new AbortController();
      const stopWaiting = whenAborted(attempt, () => over.abort(attempt.reason));
      try {
        return await this.#race(endPoint, over.signal);
      } catch (error) {
        await this.#closeAllBut(null);
        throw error;
      } finally {
        stopWaiting();
        over.abort(closedError());
      }
    }, signal);
  }

  async close(): Promise<void> {
    this.events = null;
    await Promise.all([this.#use.close(), this.#closeAllBut(null)]);
  }

  tick(): void {
    this.#winner?.tick();
  }

  poll(): boolean {
    return this.#winner?.poll() ?? false;
  }

  receive(packet: ReceivedPacket): void {
    if (!this.#winner) throw noPacketError();
    this.#winner.receive(packet);
  }

  send(handle: IConnectionHandle, packet: Uint8Array, length: number, delivery: Delivery, lane = 0): boolean {
    return this.#winner?.send(handle, packet, length, delivery, lane) ?? false;
  }

  flush(): void {
    this.#winner?.flush();
  }

  async #race({ webTransport, webSocket }: BrowserConnectEndPoint, attempt: AbortSignal): Promise<IConnectionHandle> {
    const parts = this.#parts;
    const { webTransport: fast, webSocket: safe } = parts;
    const tryFast = async () => {
      if (!fast || !webTransport)
        throw new NetworkError("ERR_NOT_SUPPORTED", "WebTransport has no link-local addresses");
      // Then nobody has to be asked where the server is.
      if (!fast.isSupported) throw parts.missing();
      return this.#connect(fast, await this.#locate(webTransport, attempt), attempt);
    };
    const trySafe = () => this.#connect(safe as SocketFactory, webSocket as WebSocketConnectEndPoint, attempt);
    if (!safe) return tryFast();
    if (!fast) return trySafe();
    const isRemembered = parts.clock.now() < parts.rememberedUntilMs;
    const headStartMs = isRemembered ? 0 : parts.fallbackAfterMs;
    const end = await race(tryFast, trySafe, headStartMs, parts.clock).catch((lost) => {
      throw lost instanceof RaceLost ? bothFailed(lost) : lost;
    });
    if (end.winner === "second") this.#fallBack(end.firstError, headStartMs);
    return end.result;
  }

  async #connect<EndPoint extends object>(
    factory: SocketFactory<IBindEndPoint, EndPoint>,
    endPoint: EndPoint,
    attempt: AbortSignal,
  ): Promise<IConnectionHandle> {
    attempt.throwIfAborted();
    const socket = factory.createClientSocket();
    this.#open.push(socket as ISocket);
    socket.events = this.#eventsOf(socket as ISocket);
    const handle = await socket.connect(endPoint, attempt);
    if (this.#winner) throw closedError();
    this.#winner = socket as ISocket;
    // How the others end concerns nobody.
    this.#closeAllBut(this.#winner).catch(() => {});
    return handle;
  }

  /** Where the server is, if the end point does not say. */
  async #locate(
    webTransport: NonNullable<BrowserConnectEndPoint["webTransport"]>,
    attempt: AbortSignal,
  ): Promise<WebTransportConnectEndPoint> {
    if ("url" in webTransport) return webTransport;
    const { announcement, path } = webTransport;
    const { port, certificateHashes } = await readAnnouncement(announcement, this.#parts.getText, attempt);
    const host = new URL(announcement).hostname.replace(/^\[(.*)\]$/, "$1");
    return { url: `https://${formatHost(host, port)}${path}`, certificateHashes };
  }

  #fallBack(error: unknown, headStartMs: number): void {
    const parts = this.#parts;
    parts.rememberedUntilMs = parts.clock.now() + REMEMBERED_MS;
    try {
      parts.onFallback(fallbackReason(error, headStartMs));
    } catch (thrown) {
      reportUncaught(thrown);
    }
  }

  async #closeAllBut(kept: ISocket | null): Promise<void> {
    const others = this.#open.filter((socket) => socket !== kept);
    this.#open = kept ? [kept] : [];
    await Promise.all(others.map((socket) => socket.close()));
  }

  /** Nothing is heard of a socket before it has won. */
  #eventsOf(socket: ISocket): SocketEvents {
    const user = () => (this.#winner === socket ? this.events : null);
    return {
      // A socket tells it once until its next tick.
      onReadable: () => (this.#winner === socket ? this.events?.onReadable() : socket.tick()),
      onIncoming: () => true,
      onConnect() {},
      onDisconnect: (handle, reason) => user()?.onDisconnect(handle, reason),
      onWritable: (handle) => user()?.onWritable(handle),
      onExit: () => user()?.onExit?.(),
    };
  }
}

function fallbackReason(error: unknown, headStartMs: number): DisconnectReason {
  if (error === undefined) {
    const when = headStartMs === 0 ? "WebSocket was quicker" : `WebTransport took longer than ${headStartMs} ms`;
    return libraryReason(DisconnectCode.HandshakeTimeout, when);
  }
  const { reason, message } = error as Partial<NetworkError>;
  return reason ?? libraryReason(DisconnectCode.ConnectionLost, message ?? String(error));
}

/** The error of WebSocket, which says more, with that of WebTransport before it. */
function bothFailed({ first, second }: RaceLost): unknown {
  if (!(second instanceof NetworkError) || !(first instanceof NetworkError)) return second;
  const { reason = first.reason, code, message } = second;
  return new NetworkError(code, `${first.message}. ${message}`, { cause: second, ...(reason && { reason }) });
}
