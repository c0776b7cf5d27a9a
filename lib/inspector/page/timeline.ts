import { printable } from "../../printable.js";
import { OpenMessages } from "./open-messages.js";

/** Something that happened to a connection: a line of a trace, or what the inspector has recorded. */
export interface TimelineEvent {
  readonly ms: number;
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Where time of a message goes. */
export type Stage = "waiting for a tick" | "queued" | "paced" | "lost and resent" | "on its way" | "in its handler";

/** Where the time of a message went, in the order in which it passed there. */
export interface Explanation {
  readonly totalMs: number;
  readonly stages: readonly { readonly stage: Stage; readonly ms: number }[];
  /** The stage that took longest; null where none took any time. */
  readonly longest: Stage | null;
  /** How it ended, or has not ended yet. */
  readonly end: string;
}

/** A packet, as far as its events tell. */
export interface PacketRow {
  readonly number: number;
  readonly sentMs: number;
  readonly bytes: number;
  readonly content: string;
  /** It has bytes that an earlier packet had. */
  isResent: boolean;
  acknowledgedMs: number | null;
  lostMs: number | null;
  readonly messages: MessageRow[];
}

/** Part of a message that is in a packet. */
interface Part {
  readonly packet: PacketRow;
  readonly start: number;
  readonly end: number;
}

/** A message, as far as its events tell. */
export interface MessageRow {
  readonly number: number;
  readonly name: string;
  readonly kind: "sent" | "refused" | "received";
  readonly channel: number;
  readonly bytes: number;
  /** What waited in all queues of the connection. */
  readonly bufferedBytes: number;
  readonly startMs: number;
  readonly handlerMs: number;
  readonly queue: number;
  readonly start: number;
  readonly end: number;
  flushedMs: number | null;
  /** When the last packet left that went before it. */
  frontMs: number;
  /** When its last byte left the first time. */
  leftMs: number | null;
  parts: Part[];
  /** When the last of its bytes was acknowledged, and when the packet left that has those. */
  doneMs: number | null;
  arrivedByMs: number | null;
}

/** What a row of the timeline shows: the event, and what belongs to it. */
export interface TimelineRow {
  readonly id: number;
  readonly event: TimelineEvent;
  readonly message: MessageRow | null;
  readonly packet: PacketRow | null;
}

/** The newest rows, packets and messages are kept: older ones go. */
export const MAX_ROWS = 20_000;
/** Messages of which no packet has left since they were sent. */
const MAX_NEW = 5_000;
/**
 * Parts of messages in packets: as many as a connection needs that sends everything twice. A file can say that each
 * packet has a part of each message.
 */
const PARTS = { ofMessage: 2, ofPacket: 10, atOnce: 20_000, inMessage: 1_000 };
const RELIABLE = 0;
const CHANNELS = ["reliable", "unreliable", "notify", "sequenced"];
export const channelName = (channel: number) => CHANNELS[channel] ?? "unknown";

/** What is said of a connection by its events. They may come from a file that somebody has made up. */
export class Timeline {
  readonly rows: TimelineRow[] = [];
  /** Events that came and are not kept any more, or that the inspector has left out. */
  leftOut = 0;
  /** Its packets have numbers: it runs over UDP. */
  hasPackets = false;
  #id = 0;
  /** When the last packet with messages left. */
  #lastSentMs = 0;
  readonly #packets = new Map<number, PacketRow>();
  readonly #open = new OpenMessages();
  /** Messages that were sent since the last flush. */
  #new: MessageRow[] = [];
  /** How many parts may be noted now. */
  #partsLeft = PARTS.atOnce;
  /** What held back what waited, since when. */
  readonly #blocks: { readonly ms: number; readonly block: unknown }[] = [];

  add(event: TimelineEvent): void {
    let message: MessageRow | null = null;
    let packet: PacketRow | null = null;
    switch (event.name) {
      case "messages:sent":
      case "messages:refused":
      case "messages:received":
        message = this.#addMessage(event);
        break;
      case "recovery:flushed":
        this.#onFlushed(event);
        return;
      case "transport:packet_sent":
        packet = this.#onPacketSent(event);
        break;
      case "recovery:packet_acknowledged":
        packet = this.#onAcknowledged(event);
        break;
      case "recovery:packet_declared_lost":
        packet = this.#onLost(event);
    }
    this.rows.push({ id: ++this.#id, event, message, packet });
    if (this.rows.length > MAX_ROWS) this.leftOut += this.rows.splice(0, MAX_ROWS / 10).length;
  }

  /** The message that has taken longest of those that are kept; null: none has taken any time. */
  get slowest(): MessageRow | null {
    let slowest: MessageRow | null = null;
    let longestMs = LEAST_MS;
    for (const { message } of this.rows) {
      const ms = message ? this.#tookMs(message) : 0;
      if (ms < longestMs) continue;
      longestMs = ms;
      slowest = message;
    }
    return slowest;
  }

  /** As `explain` has it in all, but 0 for what may have been dropped: nobody knows when. */
  #tookMs({ kind, channel, handlerMs, startMs, leftMs, doneMs, parts }: MessageRow): number {
    if (kind !== "sent") return handlerMs;
    if (leftMs === null && channel !== RELIABLE) return 0;
    const isTaken = parts.length > 0 && parts.every(({ packet }) => packet.number < 0);
    const isOpen = leftMs === null || (channel === RELIABLE && !isTaken);
    return (doneMs ?? (isOpen ? this.#lastMs : leftMs)) - startMs;
  }

  /** Where the time of a message went. */
  explain(message: MessageRow): Explanation {
    const { kind, handlerMs, startMs, flushedMs, frontMs, parts, leftMs, doneMs, arrivedByMs } = message;
    if (kind === "received") return explanation([["in its handler", handlerMs]], "Its handler has returned.");
    if (kind === "refused") {
      return explanation(
        [],
        `It was not taken: ${message.bufferedBytes} bytes waited, so the queue was full. send gave false.`,
      );
    }
    const firstMs = parts[0]?.packet.sentMs ?? Number.POSITIVE_INFINITY;
    const turnMs = Math.min(flushedMs ?? Number.POSITIVE_INFINITY, firstMs);
    if (turnMs === Number.POSITIVE_INFINITY)
      return explanation([], "Nothing has been sent since: it waits for a tick.");
    const readyMs = Math.max(startMs, turnMs);
    const endMs = leftMs ?? this.#lastMs;
    const pacedMs = this.#blockedMs("pacing", Math.max(readyMs, frontMs), endMs);
    const stages: [Stage, number][] = [
      ["waiting for a tick", readyMs - startMs],
      ["queued", endMs - readyMs - pacedMs],
      ["paced", pacedMs],
    ];
    if (leftMs === null) return explanation(stages, "It has not left yet, or was dropped as too old.");
    if (parts.every(({ packet }) => packet.number < 0)) {
      return explanation(stages, "The transport has taken it. What it does with its packets nobody sees here.");
    }
    if (doneMs !== null && arrivedByMs !== null) {
      stages.push(["lost and resent", arrivedByMs - leftMs], ["on its way", doneMs - Math.max(arrivedByMs, leftMs)]);
      return explanation(stages, "The other side has acknowledged all of it.");
    }
    const isLost = parts.some(({ packet }) => packet.lostMs !== null);
    if (isLost && message.channel !== RELIABLE) return explanation(stages, "It was lost: nobody sends it again.");
    stages.push([isLost ? "lost and resent" : "on its way", this.#lastMs - leftMs]);
    return explanation(stages, "The other side has not acknowledged all of it yet.");
  }

  get #lastMs(): number {
    return this.rows.at(-1)?.event.ms ?? 0;
  }

  #addMessage({ ms, name, data }: TimelineEvent): MessageRow {
    const handlerMs = number(data.handler_ms);
    const message: MessageRow = {
      ...{ number: number(data.message), name: text(data.name), channel: number(data.channel) },
      ...{ kind: name.slice("messages:".length) as MessageRow["kind"], bytes: number(data.bytes) },
      ...{ bufferedBytes: number(data.buffered), startMs: ms - handlerMs, handlerMs },
      ...{ queue: number(data.queue), start: number(data.start), end: number(data.end) },
      ...{ flushedMs: null, frontMs: 0, leftMs: null, parts: [], doneMs: null, arrivedByMs: null },
    };
    if (message.kind !== "sent") return message;
    this.#allowParts(PARTS.ofMessage);
    this.#open.add(message);
    this.#new.push(message);
    if (this.#new.length > MAX_NEW) this.#new.splice(0, MAX_NEW / 10);
    return message;
  }

  #onFlushed({ ms, data }: TimelineEvent): void {
    this.#blocks.push({ ms, block: data.block });
    if (this.#blocks.length > MAX_ROWS) this.#blocks.splice(0, MAX_ROWS / 10);
    for (const message of this.#new) message.flushedMs = ms;
    this.#new = [];
  }

  #allowParts(count: number): void {
    this.#partsLeft = Math.min(this.#partsLeft + count, PARTS.atOnce);
  }

  #onPacketSent({ ms, data }: TimelineEvent): PacketRow {
    const packet: PacketRow = {
      ...{ number: number(data.number), sentMs: ms, bytes: number(data.bytes), content: text(data.content) },
      ...{ isResent: false, acknowledgedMs: null, lostMs: null, messages: [] },
    };
    this.#allowParts(PARTS.ofPacket);
    for (const piece of Array.isArray(data.pieces) ? data.pieces.slice(0, 8) : []) {
      if (Array.isArray(piece)) this.#onPiece(packet, number(piece[0]), number(piece[1]), number(piece[2]));
    }
    if (packet.messages.length > 0) this.#lastSentMs = ms;
    if (packet.number < 0) {
      for (const message of packet.messages) if (message.leftMs !== null) this.#open.delete(message);
      return packet;
    }
    this.hasPackets = true;
    this.#packets.set(packet.number, packet);
    if (this.#packets.size <= MAX_ROWS) return packet;
    // Many at a time: to find the oldest of a Map takes long when those before it have gone.
    for (const oldest of this.#packets.keys()) {
      if (this.#packets.size <= 0.9 * MAX_ROWS) break;
      this.#packets.delete(oldest);
    }
    return packet;
  }

  #onPiece(packet: PacketRow, queue: number, start: number, end: number): void {
    for (const message of this.#open.within(queue, start, end)) {
      if (this.#partsLeft < 1) return;
      this.#partsLeft--;
      if (message.parts.length >= PARTS.inMessage) continue;
      const part = { packet, start: Math.max(start, message.start), end: Math.min(end, message.end) };
      if (message.parts.some((earlier) => earlier.start < part.end && part.start < earlier.end)) packet.isResent = true;
      if (message.parts.length === 0) message.frontMs = this.#lastSentMs;
      message.parts.push(part);
      packet.messages.push(message);
      if (part.end === message.end) message.leftMs ??= packet.sentMs;
    }
  }

  #onAcknowledged({ ms, data }: TimelineEvent): PacketRow | null {
    const packet = this.#packets.get(number(data.number)) ?? null;
    if (!packet || packet.acknowledgedMs !== null) return packet;
    packet.acknowledgedMs = ms;
    for (const message of packet.messages) {
      if (message.doneMs !== null || !isWhole(message)) continue;
      message.doneMs = ms;
      message.arrivedByMs = packet.sentMs;
      this.#open.delete(message);
    }
    return packet;
  }

  /** Only reliable messages get into other packets. */
  #onLost({ ms, data }: TimelineEvent): PacketRow | null {
    const packet = this.#packets.get(number(data.number)) ?? null;
    if (!packet) return null;
    packet.lostMs = ms;
    for (const message of packet.messages) if (message.channel !== RELIABLE) this.#open.delete(message);
    return packet;
  }

  /** How long that held things back, between two times. */
  #blockedMs(block: string, fromMs: number, toMs: number): number {
    let blockedMs = 0;
    for (const [at, { ms, block: one }] of this.#blocks.entries()) {
      if (one !== block) continue;
      const endMs = this.#blocks[at + 1]?.ms ?? toMs;
      blockedMs += Math.max(0, Math.min(endMs, toMs) - Math.max(ms, fromMs));
    }
    return blockedMs;
  }
}

/** Whether all bytes of a message are acknowledged. */
function isWhole({ parts, start, end }: MessageRow): boolean {
  const arrived = parts.filter(({ packet }) => packet.acknowledgedMs !== null).sort((a, b) => a.start - b.start);
  let at = start;
  for (const part of arrived) if (part.start <= at) at = Math.max(at, part.end);
  return at >= end;
}

/** Times below this are the clock's own. */
const LEAST_MS = 0.001;

function explanation(all: readonly (readonly [Stage, number])[], end: string): Explanation {
  const stages = all.filter(([, ms]) => ms >= LEAST_MS).map(([stage, ms]) => ({ stage, ms }));
  const totalMs = stages.reduce((sum, { ms }) => sum + ms, 0);
  const longest = stages.reduce<(typeof stages)[number] | null>((a, b) => (a && a.ms >= b.ms ? a : b), null);
  return { totalMs, stages, longest: longest?.stage ?? null, end };
}

/** A number of an event, whoever has written it. */
export const number = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);

const MAX_TEXT = 200;
/** A text of an event, whoever has written it, safe to show. */
export const text = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? printable(String(value).slice(0, MAX_TEXT)) : "";
