import { StatefulHandle } from "../../building/handles.js";
import type { Inbox, InboxHandle } from "../../building/inbox.js";
import type { QueuedPacket } from "../../building/packet-queue.js";
import { DisconnectCode, type DisconnectReason, libraryReason, MAX_CODE } from "../../disconnect-reason.js";
import { Delivery, LANE_COUNT } from "../../socket.js";
import { Backlog } from "./backlog.js";
import type { WebTransportClientLimits } from "./client-options.js";
import { DatagramWriter } from "./datagram-writer.js";
import { LaneReader } from "./lane-reader.js";
import { LaneWriter } from "./lane-writer.js";
import type { WebTransportLike } from "./platform.js";

/** Largest packet in a datagram: QUIC's smallest packet (1200 bytes of UDP) less all headers leaves 1150 at least. */
export const MAX_DATAGRAM_PACKET_BYTES = 1132;
/** Datagrams that wait for `receive`. */
const MAX_WAITING_DATAGRAM_BYTES = 262_144;
/** Reliable packets that wait for `receive`. */
const MAX_WAITING_STREAM_BYTES = 2 ** 20;
/** How many datagrams wait in the browser while we do not read; it drops the oldest. And how many on their way out. */
const DATAGRAMS_IN_BROWSER = 64;
/** A datagram that has waited so long in the browser is of no use. */
const MAX_DATAGRAM_AGE_MS = 1000;

/** A WebTransport session, as a page sees it. */
export class WebTransportClientHandle extends StatefulHandle implements InboxHandle {
  readonly ordered = false;
  readonly isTls = true;
  readonly transport = "webtransport";
  /** A browser checks every certificate, by an authority or by its hash. */
  readonly security = "authenticated";
  readonly maxPacketSize = MAX_DATAGRAM_PACKET_BYTES;
  /** Resolves when the session is closed. */
  readonly closed: Promise<void>;
  /** Datagrams that were malformed. */
  strayDatagrams = 0;
  #resolveClosed!: () => void;
  /** Whether what arrives is for somebody. */
  #isTaking = true;
  readonly #datagrams: DatagramWriter;
  readonly #lanes: readonly LaneWriter[];
  readonly #readLanes = new Set<number>();
  /** Those of them that the other side has ended. */
  readonly #endedLanes = new Set<number>();
  #onLaneEnded: () => void = () => {};
  /** The streams of lanes that are being read. */
  readonly #reading = new Set<Promise<void>>();
  readonly #datagramBacklog = new Backlog(MAX_WAITING_DATAGRAM_BYTES);
  readonly #streamBacklog = new Backlog(MAX_WAITING_STREAM_BYTES);

  /** @param session one that is ready */
  constructor(
    readonly session: WebTransportLike,
    readonly inbox: Inbox,
    readonly limits: WebTransportClientLimits,
    readonly address: string,
  ) {
    super();
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    const { datagrams } = session;
    // Not every browser has these, and the newest draft leaves some of them out.
    if ("incomingHighWaterMark" in datagrams) datagrams.incomingHighWaterMark = DATAGRAMS_IN_BROWSER;
    if ("outgoingHighWaterMark" in datagrams) datagrams.outgoingHighWaterMark = DATAGRAMS_IN_BROWSER;
    if ("outgoingMaxAge" in datagrams) datagrams.outgoingMaxAge = MAX_DATAGRAM_AGE_MS;
    this.#datagrams = new DatagramWriter(
      datagrams.createWritable?.() ?? (datagrams.writable as WritableStream<Uint8Array>),
    );
    const onTaken = () => this.#onTaken();
    this.#lanes = Array.from({ length: LANE_COUNT }, (_, lane) => {
      // The urgent lane goes first.
      const open = async () => session.createUnidirectionalStream({ sendOrder: -lane });
      return new LaneWriter(lane, open, onTaken);
    });
    void this.#readDatagrams();
    void this.#readStreams();
    void this.#watch();
  }

  get bufferedBytes(): number {
    return this.#laneBytes + this.#datagrams.waitingBytes;
  }

  get isCongested(): boolean {
    return this.#datagrams.isCongested;
  }

  /** How many datagrams were not sent, since too much waited. */
  get droppedDatagrams(): number {
    return this.#datagrams.dropped;
  }

  sendDatagram(packet: Uint8Array, length: number): void {
    this.#datagrams.send(packet, length);
  }

  sendReliable(packet: Uint8Array, length: number, lane: number): boolean {
    const waitingBytes = this.#laneBytes;
    if (waitingBytes > 0 && waitingBytes + length > this.limits.sendQueueBytes) {
      this.isBlocked = true;
      return false;
    }
    (this.#lanes[lane] as LaneWriter).push(packet, length);
    return true;
  }

  flush(): void {
    for (const lane of this.#lanes) lane.flush();
  }

  disconnect(reason: DisconnectReason): Promise<void> {
    if (!this.hasEnded) {
      this.hasEnded = true;
      void this.#leave(reason);
    }
    return this.closed;
  }

  onTaken({ delivery, length }: QueuedPacket): void {
    (delivery === Delivery.Reliable ? this.#streamBacklog : this.#datagramBacklog).remove(length);
  }

  get #laneBytes(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.bufferedBytes, 0);
  }

  /** Ends the lanes; the reason follows when the other side has read them, which it says by ending its own. */
  async #leave(reason: DisconnectReason): Promise<void> {
    this.#stopTaking();
    const { clock } = this.inbox;
    const used = this.#lanes.filter(({ isUsed }) => isUsed);
    let timer: unknown = null;
    const isRead = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, this.limits.closeTimeoutMs);
      this.#onLaneEnded = () => {
        if (used.every(({ lane }) => this.#endedLanes.has(lane))) resolve();
      };
    });
    for (const lane of used) void lane.end();
    this.#onLaneEnded();
    await Promise.race([isRead, this.closed]);
    clock.clearTimeout(timer);
    this.#close(reason);
  }

  #close({ code, text }: DisconnectReason): void {
    try {
      this.session.close({ closeCode: code, reason: text });
    } catch {
      // It has been closed from the other side.
    }
    this.#resolveClosed();
  }

  /** Ends the session and reports it to both sides. */
  #fail(text: string): void {
    if (this.hasEnded) return;
    const reason = { code: DisconnectCode.InvalidPacket, text };
    this.#stopTaking();
    this.#close(reason);
    this.inbox.disconnected(this, reason);
  }

  async #watch(): Promise<void> {
    const reason = await this.session.closed.then(reasonOf, lost);
    await Promise.all(this.#reading);
    this.#resolveClosed();
    if (!this.hasEnded) this.inbox.disconnected(this, reason);
  }

  /** What still arrives is dropped: so the lanes come to their ends. */
  #stopTaking(): void {
    this.#isTaking = false;
    for (const backlog of [this.#datagramBacklog, this.#streamBacklog]) backlog.release();
  }

  #onTaken(): void {
    if (!this.isBlocked || this.hasEnded || this.#laneBytes > this.limits.sendQueueBytes / 2) return;
    this.isBlocked = false;
    this.inbox.writable(this);
  }

  async #readDatagrams(): Promise<void> {
    const onDatagram = (bytes: Uint8Array) => {
      if (bytes.length === 0 || bytes.length > MAX_DATAGRAM_PACKET_BYTES) this.strayDatagrams++;
      else this.#push(bytes, Delivery.Unreliable, 0);
      return true;
    };
    await readAll(this.session.datagrams.readable, onDatagram, () => this.#datagramBacklog.room);
  }

  async #readStreams(): Promise<void> {
    await readAll(
      this.session.incomingUnidirectionalStreams,
      (stream) => {
        const reading = this.#readLane(stream).finally(() => this.#reading.delete(reading));
        this.#reading.add(reading);
        return true;
      },
      () => null,
    );
  }

  async #readLane(stream: ReadableStream<Uint8Array>): Promise<void> {
    const reader = new LaneReader((packet) => this.#push(packet, Delivery.Reliable, reader.lane as number));
    let isNew = true;
    const onChunk = (chunk: Uint8Array) => {
      if (!reader.read(chunk)) return false;
      if (!isNew || reader.lane === null) return true;
      isNew = false;
      const isOnly = !this.#readLanes.has(reader.lane);
      this.#readLanes.add(reader.lane);
      return isOnly;
    };
    const end = await readAll(stream, onChunk, () => this.#streamBacklog.room);
    const isMalformed = end === "refused" || (end === "done" && !reader.isAtEnd);
    if (isMalformed) this.#fail("The stream of a lane is malformed");
    else if (end === "done" && reader.lane !== null) this.#answerEnd(reader.lane);
  }

  /** The page has all of a lane. */
  #answerEnd(lane: number): void {
    this.#endedLanes.add(lane);
    this.#onLaneEnded();
    void this.#lanes[lane]?.end();
  }

  #push(bytes: Uint8Array, delivery: Delivery, lane: number): void {
    if (!this.#isTaking) return;
    const packet = this.inbox.pool.take();
    packet.handle = this;
    packet.bytes = bytes;
    packet.length = bytes.length;
    packet.delivery = delivery;
    packet.lane = lane;
    (delivery === Delivery.Reliable ? this.#streamBacklog : this.#datagramBacklog).add(bytes.length);
    this.inbox.push(packet);
  }
}

/**
 * Reads a stream to its end.
 *
 * @param take false ends the reading
 * @param room what to wait for before the next read
 */
async function readAll<Chunk>(
  stream: ReadableStream<Chunk>,
  take: (chunk: Chunk) => boolean,
  room: () => Promise<void> | null,
): Promise<"done" | "failed" | "refused"> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return "done";
      if (!take(value)) return "refused";
      const wait = room();
      if (wait) await wait;
    }
  } catch {
    return "failed";
  }
}

function reasonOf({ closeCode = 0, reason = "" }: { closeCode?: number; reason?: string }): DisconnectReason {
  return closeCode > MAX_CODE ? lost() : libraryReason(closeCode, reason);
}

const lost = () => ({ code: DisconnectCode.ConnectionLost, text: "The WebTransport session was lost" });
