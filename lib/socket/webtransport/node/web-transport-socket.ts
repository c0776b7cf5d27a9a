import { onProcessEnd } from "../../../addon/exits.js";
import { MAY_USE_UV } from "../../../addon/load-addon.js";
import {
  loadWebTransport,
  type NativeWebTransport,
  WT_RECORD,
  WtCause,
  WtCommand,
  WtEvent,
} from "../../../addon/native-web-transport.js";
import { nameOfSystemError } from "../../../addon/system-errors.js";
import { rangeError } from "../../../arguments.js";
import { copyBytes } from "../../../bytes.js";
import type { PlacesMetrics } from "../../../guard/places.js";
import { systemError } from "../../../trial-errors.js";
import { Inbox } from "../../building/inbox.js";
import { InboxSocket } from "../../building/inbox-socket.js";
import { checkPacket } from "../../building/packet-limit.js";
import { PacketPool, type QueuedPacket } from "../../building/packet-queue.js";
import { processEnded, socketClosed } from "../../building/socket-errors.js";
import { SocketUse } from "../../building/socket-use.js";
import { DisconnectCode, type DisconnectReason, libraryReason } from "../../disconnect-reason.js";
import { Delivery, LANE_COUNT } from "../../socket.js";
import { parseHost } from "../../udp/udp-batch-handle.js";
import type { WebTransportHandle, WebTransportHandleOwner } from "./web-transport-handle.js";
import type { WebTransportSettings } from "./web-transport-options.js";
import { WebTransportRecords } from "./web-transport-records.js";

/** So long the end of the process waits at most for the other sides to answer: they lose the reason with the socket. */
const FAREWELL_MS = 250;
const BUFFER_BYTES = 4 * 1024 * 1024;
const SLAB_BYTES = 256 * 1024;
/** What is taken from the addon and waits for `receive`. The rest stays there, where flow control stops the others. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** What is handled in a turn of the loop at most: whoever sends without a pause leaves the others theirs. */
const SLABS_PER_TURN = 4;

/** The sockets of this thread that are open in the addon, by the number that it gives them. */
const open = new Map<number, WebTransportSocket>();
/** One slab serves for all: its records are copied at once. */
const slab = new Uint8Array(SLAB_BYTES);
const words = new Uint32Array(slab.buffer);
const decoder = new TextDecoder();
let addon: NativeWebTransport | null = null;

/** What the sockets of servers and clients share: sessions, and the records that they exchange with the addon. */
export abstract class WebTransportSocket extends InboxSocket implements WebTransportHandleOwner {
  readonly inbox: Inbox;
  readonly settings: WebTransportSettings;
  protected readonly handles = new Map<number, WebTransportHandle>();
  protected readonly use = new SocketUse();
  readonly #records = new WebTransportRecords();
  readonly #figures = new Float64Array(8);
  #id = 0;
  #batchNumber = 1;
  #waitingBytes = 0;
  /** The rest of what the addon has is read in the next turn of the loop. */
  #isYielding = false;
  /** The addon has more than may wait here. */
  #isPaused = false;
  #forgetExit = () => {};
  #closing: Promise<void> | null = null;

  constructor(settings: WebTransportSettings) {
    super();
    this.settings = settings;
    this.inbox = new Inbox(this, settings.clock, new PacketPool(), "now");
  }

  get sendQueueBytes(): number {
    return this.settings.sendQueueBytes;
  }

  get boundPort(): number | null {
    return this.#id === 0 ? null : this.addon.getPort(this.#id);
  }

  get droppedPackets(): number {
    this.#lookAtFigures();
    return this.#figures[5] as number;
  }

  get pendingConnections(): PlacesMetrics {
    this.#lookAtFigures();
    const [count = 0, sources = 0, largestShare = 0, evicted = 0, refused = 0] = this.#figures;
    return { count, sources, largestShare, evicted, refused };
  }

  get transportFigures(): Readonly<Record<string, number>> {
    this.#lookAtFigures();
    return { retries: this.#figures[6] as number };
  }

  send(handle: WebTransportHandle, packet: Uint8Array, length: number, delivery: Delivery, lane = 0): boolean {
    if (this.#id === 0 || handle.hasEnded) return false;
    checkPacket(handle, packet, length, delivery);
    if (!(lane >= 0 && lane < LANE_COUNT)) throw rangeError("lane", `from 0 to ${LANE_COUNT - 1}`);
    const isReliable = delivery === Delivery.Reliable;
    if (isReliable && !this.#takes(handle, length)) return false;
    if (!this.#records.hasRoom(length)) this.flush();
    const kind = isReliable ? WtCommand.Reliable : WtCommand.Datagram;
    this.#records.add(handle.session, kind, lane, 0, 0, packet, length);
    return true;
  }

  flush(): void {
    const { length } = this.#records;
    if (length === 0 || this.#id === 0) return;
    this.#records.length = 0;
    this.#batchNumber++;
    this.addon.send(this.#id, this.#records.bytes, length);
  }

  look(handle: WebTransportHandle): number {
    if (this.#id === 0) return 0;
    handle.pendingBytes = this.addon.getBuffered(this.#id, handle.session) + this.#batchedBytes(handle);
    return handle.pendingBytes;
  }

  disconnect(handle: WebTransportHandle, { code, text }: DisconnectReason): void {
    this.command(handle.session, WtCommand.Close, 0, code, text);
  }

  taken(packet: QueuedPacket): void {
    this.#waitingBytes -= packet.length;
    if (!this.#isPaused || this.#waitingBytes > MAX_WAITING_BYTES / 2) return;
    this.#isPaused = false;
    this.settings.clock.setTimeout(() => this.wake(), 0);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Called by the addon when it has records. */
  wake(): void {
    if (this.#isYielding) return;
    for (let slabs = 0; this.#id !== 0; slabs++) {
      if (this.#waitingBytes > MAX_WAITING_BYTES) {
        this.#isPaused = true;
        return;
      }
      if (slabs === SLABS_PER_TURN) {
        this.#isYielding = true;
        this.settings.clock.setTimeout(() => this.#goOn(), 0);
        return;
      }
      const bytes = this.addon.receive(this.#id, slab);
      if (bytes < 0) this.#fail();
      if (bytes <= 0) return;
      this.#read(bytes);
    }
  }

  #goOn(): void {
    this.#isYielding = false;
    this.wake();
  }

  protected get addon(): NativeWebTransport {
    if (addon === null) {
      addon = loadWebTransport();
      addon.setWake((id) => open.get(id)?.wake());
    }
    return addon;
  }

  protected get id(): number {
    return this.#id;
  }

  /** A session that is no handle has something to say: a request, or the answer to ours. */
  protected abstract onRequest(session: number, address: string, path: string, origin: string | undefined): void;
  protected abstract onOpen(session: number): void;
  protected abstract onEnd(session: number, cause: WtCause, reason: DisconnectReason): void;

  /** Opens the UDP socket at a numeric address. @throws the system's error */
  protected openAt(host: string, port: number): void {
    const { retryAbove, maxPendingConnections, handshakeTimeoutMs, closeTimeoutMs, coalesceMs } = this.settings;
    const { ip, scope } = parseHost(host);
    const id = this.addon.openSocket(
      MAY_USE_UV,
      ip,
      port,
      scope,
      BUFFER_BYTES,
      retryAbove,
      maxPendingConnections,
      handshakeTimeoutMs,
      closeTimeoutMs,
      coalesceMs,
    );
    if (id < 0) throw systemError(nameOfSystemError(-id));
    this.#id = id;
    open.set(id, this);
    if (this.settings.closeOnExit) this.#forgetExit = onProcessEnd(() => this.#sayFarewell());
  }

  protected closeNative(): void {
    this.#forgetExit();
    open.delete(this.#id);
    if (this.#id !== 0) this.addon.close(this.#id);
    this.#id = 0;
  }

  protected command(session: number, kind: WtCommand, status = 0, value = 0, text = ""): void {
    if (!this.#records.hasRoom(text.length * 3)) this.flush();
    this.#records.addText(session, kind, status, value, text);
    this.flush();
  }

  /** Ends what the subclass has begun and is no handle. */
  protected abstract closeRest(): Promise<void> | void;

  #read(bytes: number): void {
    for (let at = 0; at < bytes; ) {
      const word = at / 4;
      const session = words[word] as number;
      const length = words[word + 1] as number;
      const head = words[word + 2] as number;
      const start = at + WT_RECORD.payload;
      const kind = head & 255;
      const handle = this.handles.get(session);
      if (kind === WtEvent.Datagram || kind === WtEvent.Reliable) {
        if (handle) this.#push(handle, kind, (head >>> 8) & 255, start, length);
      } else {
        const text = decoder.decode(slab.subarray(start, start + length));
        this.#onEvent(session, handle, kind, head >>> 16, words[word + 3] as number, text);
      }
      at += (WT_RECORD.payload + length + 7) & ~7;
    }
  }

  #push(handle: WebTransportHandle, kind: WtEvent, lane: number, start: number, length: number): void {
    const packet = this.inbox.pool.take();
    if (packet.bytes.length < length) packet.bytes = new Uint8Array(Math.max(length, 2048));
    copyBytes(slab, start, packet.bytes, 0, length);
    packet.handle = handle;
    packet.length = length;
    packet.delivery = kind === WtEvent.Reliable ? Delivery.Reliable : Delivery.Unreliable;
    packet.lane = lane;
    this.#waitingBytes += length;
    this.inbox.push(packet);
  }

  #onEvent(
    session: number,
    handle: WebTransportHandle | undefined,
    kind: WtEvent,
    status: number,
    value: number,
    text: string,
  ): void {
    if (kind === WtEvent.Incoming) {
      const [address = "", path = "", origin = ""] = text.split("\0");
      this.onRequest(session, address, path, status === 1 ? origin : undefined);
    } else if (kind === WtEvent.Open) {
      this.onOpen(session);
    } else if (kind === WtEvent.Writable) {
      if (!handle?.isBlocked) return;
      handle.isBlocked = false;
      this.look(handle);
      this.inbox.writable(handle);
    } else if (kind === WtEvent.Closed) {
      const reason = reasonOf(status, value, text);
      if (handle) this.#onClosed(handle, reason);
      else this.onEnd(session, status, reason);
    }
  }

  #onClosed(handle: WebTransportHandle, reason: DisconnectReason): void {
    this.handles.delete(handle.session);
    handle.resolveClosed();
    this.inbox.disconnected(handle, reason);
  }

  #takes(handle: WebTransportHandle, length: number): boolean {
    const { sendQueueBytes } = this.settings;
    if (handle.pendingBytes + length > sendQueueBytes && this.look(handle) > 0) {
      if (handle.pendingBytes + length > sendQueueBytes) {
        if (!handle.isBlocked) this.command(handle.session, WtCommand.Watch, 0, Math.floor(sendQueueBytes / 2));
        handle.isBlocked = true;
        return false;
      }
    }
    handle.pendingBytes += length;
    handle.batchedBytes = this.#batchedBytes(handle) + length;
    handle.batchNumber = this.#batchNumber;
    return true;
  }

  #batchedBytes(handle: WebTransportHandle): number {
    return handle.batchNumber === this.#batchNumber ? handle.batchedBytes : 0;
  }

  #lookAtFigures(): void {
    if (this.#id !== 0) this.addon.getFigures(this.#id, this.#figures);
  }

  /** The addon has failed (a panic in it): nothing of this socket works any more. */
  #fail(): void {
    this.closeNative();
    const reason = { code: DisconnectCode.ConnectionLost, text: "The addon for WebTransport has failed (ERR_FAILED)" };
    for (const handle of [...this.handles.values()]) this.#onClosed(handle, reason);
    void this.closeRest();
  }

  #sayFarewell(): void {
    this.events?.onExit?.();
    this.flush();
    const { code, text } = processEnded;
    // One that has been disconnected keeps its reason.
    for (const { session } of this.handles.values()) this.command(session, WtCommand.Abort, 0, code, text);
    this.addon.linger(this.#id, FAREWELL_MS);
  }

  async #close(): Promise<void> {
    this.inbox.close();
    const used = this.use.close();
    const ended = [...this.handles.values()].map((handle) => handle.disconnect(socketClosed));
    await Promise.all([used, this.closeRest(), ...ended]);
    this.#lookAtFigures();
    this.closeNative();
  }
}

function reasonOf(cause: WtCause, code: number, text: string): DisconnectReason {
  const isGiven = cause === WtCause.Closed || cause === WtCause.Refused || cause === WtCause.Invalid;
  // What is no UTF-8 has become longer.
  return libraryReason(isGiven ? code : DisconnectCode.ConnectionLost, text);
}
