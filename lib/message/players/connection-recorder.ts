import type { Clock } from "../../clock.js";
import type { LibraryConnection } from "../../peer/connection/connection.js";
import type { Channel } from "../../peer/index.js";
import {
  type PacketContent,
  type PacketObserver,
  type QueuePiece,
  queueOf,
  type SendBlock,
} from "../../peer/observer.js";
import type { MessageDefinition } from "../protocol/message.js";

/** Takes the events of one connection, in their order. The data is plain values. */
export type RecordSink = (name: string, data: object) => void;

/** Somebody whose messages can be recorded. */
interface Recorded {
  readonly lastConnection: LibraryConnection;
  recorder: ConnectionRecorder | null;
}

/** The recorder of a player's connection: it has one while somebody looks. */
export function recorderOf(player: Recorded, clock: Clock): ConnectionRecorder {
  player.recorder ??= new ConnectionRecorder(player, clock);
  return player.recorder;
}

/**
 * Makes events of what becomes of the messages and packets of one connection. They have names and sizes of messages and
 * no contents; from them follows where the time of a message went.
 */
export class ConnectionRecorder implements PacketObserver {
  readonly #player: Recorded;
  readonly #connection: LibraryConnection;
  readonly #clock: Clock;
  readonly #sinks = new Set<RecordSink>();
  #messages = 0;
  /** Of each queue, where the last message ended. */
  readonly #ends = new Map<number, number>();
  /** Messages were sent since the last flush. */
  #hasNew = false;
  #block: SendBlock | null = null;

  constructor(player: Recorded, clock: Clock) {
    this.#player = player;
    this.#connection = player.lastConnection;
    this.#clock = clock;
  }

  /** @returns ends it */
  add(sink: RecordSink): () => void {
    this.#sinks.add(sink);
    this.#connection.observer = this;
    return () => {
      this.#sinks.delete(sink);
      if (this.#sinks.size > 0) return;
      this.#connection.observer = null;
      if (this.#player.recorder === this) this.#player.recorder = null;
    };
  }

  messageSent(
    { name }: MessageDefinition<unknown>,
    channel: Channel,
    lane: number,
    bytes: number,
    isTaken: boolean,
  ): void {
    const buffered = this.#connection.bufferedBytes;
    const message = { message: ++this.#messages, name, channel, lane, bytes, buffered };
    if (!isTaken) {
      this.#tell("messages:refused", message);
      return;
    }
    const queue = queueOf(channel, lane);
    const end = this.#connection.queueEnd(queue);
    const start = this.#ends.get(queue) ?? end - bytes;
    this.#ends.set(queue, end);
    this.#hasNew = true;
    this.#tell("messages:sent", { ...message, queue, start, end });
  }

  /** @returns to be called when its handler has returned */
  messageReceived({ name }: MessageDefinition<unknown>, channel: Channel, bytes: number): () => void {
    const message = ++this.#messages;
    const startMs = this.#clock.now();
    return () => {
      const handlerMs = rounded(this.#clock.now() - startMs);
      this.#tell("messages:received", { message, name, channel, bytes, handler_ms: handlerMs });
    };
  }

  flushed(block: SendBlock | null): void {
    if (!this.#hasNew && block === this.#block) return;
    this.#hasNew = false;
    this.#block = block;
    this.#tell("recovery:flushed", { block });
  }

  packetSent(number: number, bytes: number, content: PacketContent, pieces: readonly QueuePiece[]): void {
    const parts = pieces.map(({ queue, start, end }) => [queue, start, end]);
    this.#tell("transport:packet_sent", { number, bytes, content, pieces: parts });
  }

  packetAcknowledged(number: number): void {
    this.#tell("recovery:packet_acknowledged", { number });
  }

  packetLost(number: number): void {
    this.#tell("recovery:packet_declared_lost", { number });
  }

  packetReceived(number: number, bytes: number): void {
    this.#tell("transport:packet_received", { number, bytes });
  }

  roundTrip(ms: number): void {
    this.#tell("recovery:round_trip", { ms: rounded(ms), buffered: this.#connection.bufferedBytes });
  }

  #tell(name: string, data: object): void {
    for (const sink of this.#sinks) sink(name, data);
  }
}

const rounded = (ms: number) => Math.round(ms * 1000) / 1000;
