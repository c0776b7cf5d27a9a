import { type ISocket, ReceivedPacket } from "../socket/index.js";
import { DeadlineQueue, type Waiting } from "./collections/deadline-queue.js";
import type { PeerConnection } from "./connection/peer-connection.js";
import type { PeerConfig } from "./peer-config.js";

/** Something with a deadline. */
export type Scheduled = Waiting & { update(nowMs: number, pausedMs: number): void };

/** Who handles what a turn reads. */
export interface PacketReader {
  beginTurn(): void;
  route(packet: ReceivedPacket, nowMs: number): void;
}

/** Then everybody else has a turn: a quarter of a second, where a message takes its handler 8 us. */
const MAX_PACKETS_A_TURN = 32_768;
/** A Peer that drives itself reads for no longer: strangers cost it more than messages. Timers are no later for it. */
const MAX_TURN_MS = 20;
/** What handlers send leaves at the end of the turn: where they do, that is sooner. */
const MAX_SENDING_TURN_MS = 2;
/** After so many packets and messages it looks at the clock. */
const CLOCK_WORK = 64;
/** The deadlines are sorted as a whole where an eighth of them or more has moved. */
const SORTED_SHIFT = 3;
/** When this process did not run for longer, that is not held against the other sides. */
const LATE_MS = 1000;

/**
 * When a Peer receives, sends and looks at the clock. Driven by hand, that is in `receive` and `updateAll`; by itself,
 * when the socket is readable, at the end of a turn in which something was sent, and at the earliest deadline.
 */
export class PeerDrive {
  readonly #config: PeerConfig;
  readonly #socket: ISocket;
  readonly #connections: ReadonlySet<PeerConnection>;
  readonly #reader: PacketReader;
  readonly #packet = new ReceivedPacket();
  readonly #deadlines = new DeadlineQueue<Scheduled>();
  /** Connections with something to send: the first `#touchedCount`. An array that is cut to 0 loses its memory. */
  readonly #touched: (PeerConnection | null)[] = [];
  #touchedCount = 0;
  /** How often a connection has got something to do since the last turn began. */
  #touches = 0;
  readonly #due: (Scheduled | null)[] = [];
  #dueCount = 0;
  readonly #onTimer = () => {
    this.#isTimerSet = false;
    this.#run();
  };
  readonly #onTurnEnd = () => {
    this.#isFlushPlanned = false;
    this.#updateTouched();
  };
  #isAutomatic: boolean;
  #isBusy = false;
  #isFlushPlanned = false;
  #isStopped = false;
  #timer: unknown;
  #isTimerSet = false;
  /** When the timer is due, `Infinity` once that has passed. */
  #timerMs = Number.POSITIVE_INFINITY;
  #lastUpdateMs = 0;
  /** When the last turn began to read. */
  #readMs = 0;
  /** Packets wait that the last turn had no more time for; the socket may not tell of them again. */
  #isBehind = false;

  constructor(config: PeerConfig, socket: ISocket, connections: ReadonlySet<PeerConnection>, reader: PacketReader) {
    this.#config = config;
    this.#socket = socket;
    this.#connections = connections;
    this.#reader = reader;
    this.#isAutomatic = config.drive === "automatic";
    this.#lastUpdateMs = config.clock.now();
  }

  /** From now on nobody drives by hand any more. */
  takeOver(): void {
    this.#isAutomatic = true;
    this.planFlush();
  }

  schedule(waiting: Scheduled): void {
    this.#deadlines.update(waiting);
    this.planFlush();
  }

  remove(waiting: Scheduled): void {
    this.#deadlines.remove(waiting);
  }

  touch(connection: PeerConnection): void {
    this.#touches++;
    if (!connection.isTouched) {
      connection.isTouched = true;
      this.#touched[this.#touchedCount++] = connection;
    }
    this.planFlush();
  }

  /** Something was sent that has to leave at the end of this turn. */
  planFlush(): void {
    if (!this.#isAutomatic || this.#isFlushPlanned || this.#isBusy) return;
    this.#isFlushPlanned = true;
    queueMicrotask(this.#onTurnEnd);
  }

  /** Packets are being read, or deadlines looked at: the caller is inside a handler. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  onReadable(): void {
    if (this.#isAutomatic) this.#run();
  }

  stop(): void {
    this.#isStopped = true;
    this.#config.clock.clearTimeout(this.#timer);
  }

  /**
   * Driven by hand: reads what has come, and answers what must not wait for the update. A Peer that drives itself
   * answers in the update that follows at once: a pass over all connections less, and the answers share packets.
   */
  receive(): void {
    if (!this.#receive()) return;
    const now = this.#readMs;
    for (let index = 0; index < this.#touchedCount; index++) (this.#touched[index] as PeerConnection).respond(now);
    this.#socket.flush();
    if (this.#touchedCount > 0) this.planFlush();
  }

  /** Reads what has come. @returns false: not now */
  #receive(): boolean {
    if (this.#isBusy || this.#isStopped) return false;
    this.#isBusy = true;
    // One time for all packets: each is an object, and asking for it costs more than reading a small packet.
    const now = this.#config.clock.now();
    this.#readMs = now;
    this.#touches = 0;
    try {
      this.#isBehind = !this.#readAll(now);
    } finally {
      this.#isBusy = false;
    }
    return true;
  }

  /** Whether nothing is left. A flood that is as fast as its reader would have no end, and nobody else a turn. */
  #readAll(nowMs: number): boolean {
    const packet = this.#packet;
    const isTimed = this.#isAutomatic;
    this.#reader.beginTurn();
    this.#socket.tick();
    let looksAt = CLOCK_WORK;
    for (let count = 0; count < MAX_PACKETS_A_TURN; count++) {
      if (this.#isStopped || !this.#socket.poll()) return true;
      // Each packet of a connection is one touch, and each message that is sent.
      const touches = this.#touches;
      if (isTimed && count + touches >= looksAt) {
        looksAt = count + touches + CLOCK_WORK;
        const most = touches > count ? MAX_SENDING_TURN_MS : MAX_TURN_MS;
        if (this.#config.clock.now() - nowMs >= most) return false;
      }
      this.#socket.receive(packet);
      this.#reader.route(packet, nowMs);
    }
    return false;
  }

  /** Driven by hand: updates every connection. */
  updateAll(): void {
    if (this.#isStopped) return;
    const now = this.#config.clock.now();
    const pausedMs = this.#pausedMs(now);
    for (const connection of this.#connections) connection.update(now, pausedMs);
    this.#finish(now);
  }

  #run(): void {
    this.#receive();
    this.#updateTouched();
  }

  /** Only those with something to send, or to do, cost anything. */
  #updateTouched(): void {
    if (this.#isBusy || this.#isStopped) return;
    this.#isBusy = true;
    const now = this.#config.clock.now();
    const pausedMs = this.#pausedMs(now);
    if (this.#timerMs <= now) this.#timerMs = Number.POSITIVE_INFINITY;
    try {
      if (pausedMs > 0) for (const connection of this.#connections) connection.update(now, pausedMs);
      // Where many have moved, to sort all of them once is less work.
      const areMany = this.#touchedCount > this.#deadlines.size >> SORTED_SHIFT;
      for (let index = 0; index < this.#touchedCount; index++) {
        const connection = this.#touched[index] as PeerConnection;
        connection.update(now, 0);
        if (connection.queuePlace < 0) continue;
        if (areMany) this.#deadlines.note(connection);
        else this.#deadlines.update(connection);
      }
      this.#finish(now);
    } finally {
      this.#isBusy = false;
      this.#setTimer(now);
    }
  }

  #finish(nowMs: number): void {
    for (let index = 0; index < this.#touchedCount; index++) {
      (this.#touched[index] as PeerConnection).isTouched = false;
      this.#touched[index] = null;
    }
    this.#touchedCount = 0;
    // Once each: one whose deadline stays where it is waits for the next round.
    for (let due = this.#deadlines.takeDue(nowMs); due; due = this.#deadlines.takeDue(nowMs)) {
      this.#due[this.#dueCount++] = due;
    }
    for (let index = 0; index < this.#dueCount; index++) {
      const due = this.#due[index] as Scheduled;
      this.#due[index] = null;
      this.#deadlines.update(due);
      due.update(nowMs, 0);
      if (due.queuePlace >= 0) this.#deadlines.update(due);
    }
    this.#dueCount = 0;
    this.#socket.flush();
  }

  #pausedMs(nowMs: number): number {
    const timerMs = this.#isAutomatic ? Math.min(this.#timerMs, nowMs) : this.#lastUpdateMs;
    const sinceMs = Math.max(this.#lastUpdateMs, timerMs);
    this.#lastUpdateMs = nowMs;
    return nowMs - sinceMs > LATE_MS ? nowMs - sinceMs : 0;
  }

  /**
   * A timer that is too early stays: nearly every packet moves a deadline, and a timer for each costs more than waking.
   */
  #setTimer(nowMs: number): void {
    const next = this.#isBehind ? nowMs : this.#deadlines.nextDeadlineMs;
    if (next === Number.POSITIVE_INFINITY || (this.#isTimerSet && next >= this.#timerMs) || this.#isStopped) return;
    const { clock } = this.#config;
    if (this.#isTimerSet) clock.clearTimeout(this.#timer);
    this.#isTimerSet = true;
    this.#timerMs = next;
    this.#timer = clock.setTimeout(this.#onTimer, Math.max(next - nowMs, 0));
  }
}
