import type { Clock } from "../../../clock.js";
import { formatHost } from "../../../format-host.js";
import { NetworkError } from "../../../network-error.js";
import { type Trial, trialError } from "../../../trial-errors.js";
import { Inbox } from "../../building/inbox.js";
import { InboxSocket } from "../../building/inbox-socket.js";
import { checkPacket } from "../../building/packet-limit.js";
import { PacketPool } from "../../building/packet-queue.js";
import { abortable, socketClosed } from "../../building/socket-errors.js";
import { SocketUse } from "../../building/socket-use.js";
import { Delivery, type IBindEndPoint, type ISocket } from "../../socket.js";
import { WebTransportClientHandle } from "./client-handle.js";
import type { WebTransportClientLimits, WebTransportConnectEndPoint } from "./client-options.js";
import type { OpenWebTransport, WebTransportInit, WebTransportLike } from "./platform.js";

/** A browser does not say which it was. */
const NO_SERVER =
  "No WebTransport server answered, it refused, or its certificate is not trusted. Check host, port, path and " +
  "`certificateHashes`, and that no firewall drops UDP";

/** A WebTransport client over the platform's `WebTransport`. */
export class WebTransportClientSocket
  extends InboxSocket
  implements ISocket<IBindEndPoint, WebTransportConnectEndPoint>
{
  readonly boundPort: number | null = null;
  readonly inbox: Inbox;
  readonly #limits: WebTransportClientLimits;
  readonly #clock: Clock;
  readonly #open: OpenWebTransport;
  readonly #use = new SocketUse();
  #handle: WebTransportClientHandle | null = null;
  #closing: Promise<void> | null = null;

  constructor(limits: WebTransportClientLimits, clock: Clock, open: OpenWebTransport) {
    super();
    this.#limits = limits;
    this.#clock = clock;
    this.#open = open;
    this.inbox = new Inbox(this, clock, new PacketPool(), "now");
  }

  get droppedPackets(): number {
    const { droppedDatagrams = 0, strayDatagrams = 0 } = this.#handle ?? {};
    return droppedDatagrams + strayDatagrams;
  }

  async bind(): Promise<void> {
    throw new NetworkError("ERR_NOT_SUPPORTED", "A WebTransport client does not listen");
  }

  async connect(endPoint: WebTransportConnectEndPoint, signal?: AbortSignal): Promise<WebTransportClientHandle> {
    const { hostname, port } = new URL(endPoint.url);
    const place = { host: hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(port) || 443 };
    const startMs = this.#clock.now();
    const trial = (): Trial => ({
      ...place,
      transport: "WebTransport",
      action: "connecting to",
      tookMs: this.#clock.now() - startMs,
    });
    const handle = await this.#use.begin(async (attempt) => {
      this.inbox.hold();
      try {
        const session = this.#open(endPoint.url, initOf(endPoint));
        await this.#ready(session, attempt);
        const address = formatHost(place.host, place.port);
        this.#handle = new WebTransportClientHandle(session, this.inbox, this.#limits, address);
        return this.#handle;
      } catch (cause) {
        throw attempt.aborted || cause instanceof NetworkError ? cause : trialError(trial(), NO_SERVER, { cause });
      }
    }, signal);
    this.inbox.release();
    return handle;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  send(handle: WebTransportClientHandle, packet: Uint8Array, length: number, delivery: Delivery, lane = 0): boolean {
    if (this.#closing || handle.hasEnded) return false;
    checkPacket(handle, packet, length, delivery);
    if (delivery === Delivery.Reliable) return handle.sendReliable(packet, length, lane);
    handle.sendDatagram(packet, length);
    return true;
  }

  flush(): void {
    this.#handle?.flush();
  }

  async #ready(session: WebTransportLike, attempt: AbortSignal): Promise<void> {
    // It rejects too when `ready` does.
    session.closed.catch(() => {});
    try {
      await abortable(session.ready, attempt);
    } catch (error) {
      session.close();
      throw error;
    }
  }

  async #close(): Promise<void> {
    this.inbox.close();
    // A session that has become ready meanwhile gets a handle.
    await this.#use.close();
    await this.#handle?.disconnect(socketClosed);
  }
}

/** What a game wants of the platform. */
function initOf({ certificateHashes = [] }: WebTransportConnectEndPoint): WebTransportInit {
  const hashes = certificateHashes.map((hash) => ({ algorithm: "sha-256" as const, value: fromBase64Url(hash) }));
  const init = { congestionControl: "low-latency", requireUnreliable: true } as const;
  return hashes.length > 0 ? { ...init, serverCertificateHashes: hashes } : init;
}

function fromBase64Url(text: string): Uint8Array {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
