import { rangeError, typeError } from "../arguments.js";
import { hexOf } from "../bytes.js";
import { type Clock, systemClock } from "../clock.js";
import type { Protocol } from "../message/index.js";
import { protocolCore } from "../message/protocol/protocol.js";
import { NetworkError } from "../network-error.js";
import { booleanOption, checkOptions, clockOption } from "../options.js";
import {
  type IConnectEndPoint,
  type ISocket,
  MemoryNetwork,
  MemorySocketFactory,
  type SocketFactory,
} from "../socket/index.js";
import { openRecording, type RecordingReader } from "./recording-file.js";
import type { RecordingHeader, RecordingStep } from "./recording-lines.js";
import { ReplayClock } from "./replay-clock.js";
import { ReplayServer } from "./replay-server.js";

/** Options of {@link replay}. */
export interface ReplayOptions {
  /** Plays a recording without its end, or with a line that was changed, up to there. @defaultValue false */
  isPartial?: boolean;
  /** The clock by which it plays. @defaultValue that of the system */
  clock?: Clock;
}

/** How often a replay moves on. */
const TURN_MS = 4;
/** No timer of the client is later than that while it goes forward. */
const SEEK_STEP_MS = 50;
const MAX_SPEED = 1000;

/** What {@link replay} has found out of a file. */
interface Contents {
  readonly header: RecordingHeader;
  readonly endMs: number;
}

/** One connection of the client, from the beginning of the recording on. */
interface Screening {
  readonly server: ReplayServer;
  readonly reader: RecordingReader;
  /** The next one to be sent, and how many of its messages were. */
  step: RecordingStep;
  sent: number;
}

class ReplaySocketFactory extends MemorySocketFactory {
  readonly #begin: () => Promise<void>;

  constructor(network: MemoryNetwork, begin: () => Promise<void>) {
    super(network, { kind: "host", isTls: true });
    this.#begin = begin;
  }

  override createClientSocket(): ISocket<object, IConnectEndPoint> {
    const socket = super.createClientSocket();
    const connect = socket.connect.bind(socket);
    socket.connect = async (endPoint, signal) => {
      await this.#begin();
      return connect(endPoint as never, signal);
    };
    return socket as ISocket<object, IConnectEndPoint>;
  }
}

/** A recording that plays into the world of a client. Made by {@link replay}. */
export class Replay {
  /** For the client: the time of the recording. */
  readonly clock: Clock;
  /** For the client: leads to the recording. */
  readonly socketFactory: SocketFactory;
  /** In milliseconds of the server's time. */
  readonly durationMs: number;
  readonly #path: string;
  readonly #protocol: Protocol;
  readonly #isPartial: boolean;
  readonly #contents: Contents;
  readonly #base: Clock;
  readonly #clock: ReplayClock;
  readonly #sockets: ReplaySocketFactory;
  #screening: Screening | null = null;
  #positionMs = 0;
  #tick = 0;
  #speed = 0;
  #timer: unknown = null;
  #lastTurnMs = 0;
  /** What is under way: one thing at a time moves on. */
  #moving: Promise<void> = Promise.resolve();
  #isMoving = false;

  /** @internal See {@link replay}. */
  constructor(path: string, protocol: Protocol, contents: Contents, isPartial: boolean, base: Clock) {
    this.#path = path;
    this.#protocol = protocol;
    this.#contents = contents;
    this.#isPartial = isPartial;
    this.#base = base;
    this.clock = this.#clock = new ReplayClock(base);
    this.durationMs = contents.endMs - contents.header.startMs;
    this.socketFactory = this.#sockets = new ReplaySocketFactory(new MemoryNetwork({ clock: this.clock }), () =>
      this.#begin(),
    );
  }

  /** How far it has come, in milliseconds. */
  get positionMs(): number {
    return this.#positionMs;
  }

  /** The server's tick there (u32). */
  get tick(): number {
    return this.#tick;
  }

  /** Whether it goes on by itself: from `play` to `pause` or the end. */
  get isPlaying(): boolean {
    return this.#speed > 0;
  }

  /**
   * Plays on, until the end or `pause`.
   *
   * @param speed over 0, up to 1000: how much faster than the game @defaultValue 1
   * @throws RangeError for another speed; NetworkError `ERR_STATE` without a client
   */
  play(speed = 1): void {
    if (!(speed > 0 && speed <= MAX_SPEED)) throw rangeError("speed", `over 0, up to ${MAX_SPEED}`);
    this.#assertPlaying();
    this.#speed = speed;
  }

  /** Stands still. Does nothing while it does. */
  pause(): void {
    this.#speed = 0;
  }

  /**
   * Goes forward as fast as it can, and pauses.
   *
   * @param ms after the beginning; after the end is the end
   * @throws (rejects) RangeError for a place that it has passed: connect the client again to begin again; NetworkError
   *   `ERR_STATE` without a client, or if it leaves; `ERR_RECORDING` if the file was changed meanwhile
   */
  async seek(ms: number): Promise<void> {
    this.#assertPlaying();
    this.pause();
    while (this.#isMoving) await this.#moving;
    const screening = this.#assertPlaying();
    const untilMs = Math.min(ms, this.durationMs);
    if (!(untilMs >= this.#positionMs)) throw rangeError("ms", `at least ${this.#positionMs}, where the replay is`);
    await this.#move(async () => {
      while (this.#positionMs < untilMs || this.#isDue(screening)) {
        await this.#advance(screening, Math.min(untilMs, this.#positionMs + SEEK_STEP_MS));
        await this.#nextTurn();
        if (screening !== this.#assertPlaying()) throw noClient();
      }
    });
  }

  /** Ends the connection of its client. */
  close(): void {
    this.pause();
    this.#base.clearTimeout(this.#timer);
    const screening = this.#screening;
    this.#screening = null;
    if (!screening) return;
    void screening.server.stop();
    void screening.reader.close();
  }

  /** A client connects. */
  async #begin(): Promise<void> {
    this.close();
    const { header } = this.#contents;
    if (hexOf(this.#protocol.fingerprint) !== header.fingerprint) {
      const text = `${this.#path} was recorded with other messages than ${this.#protocol.name} has now`;
      throw new NetworkError("ERR_PROTOCOL_MISMATCH", text);
    }
    const reader = await openRecording(this.#path, this.#isPartial);
    const { value } = await reader.steps.next();
    const server = new ReplayServer(this.#protocol, this.#sockets, this.#clock, header);
    await server.start();
    const step = value ?? { timeMs: header.startMs, tick: 0, messages: null };
    this.#screening = { server, reader, step, sent: 0 };
    this.#positionMs = 0;
    this.#tick = step.tick;
    this.#lastTurnMs = this.#base.now();
    this.#plan();
  }

  #plan(): void {
    this.#timer = this.#base.setTimeout(() => void this.#onTimer(), TURN_MS);
  }

  async #onTimer(): Promise<void> {
    const screening = this.#screening;
    if (!screening) return;
    const nowMs = this.#base.now();
    const passedMs = (nowMs - this.#lastTurnMs) * this.#speed;
    this.#lastTurnMs = nowMs;
    if (!this.#isMoving) {
      const untilMs = Math.min(this.#positionMs + passedMs, this.durationMs);
      try {
        await this.#move(() => this.#advance(screening, untilMs));
      } catch {
        this.close();
      }
      if (untilMs === this.durationMs && !this.#isDue(screening)) this.pause();
    }
    if (screening.server.hasEnded && screening === this.#screening) this.close();
    else if (screening === this.#screening) this.#plan();
  }

  async #move(go: () => Promise<void>): Promise<void> {
    this.#isMoving = true;
    const moving = go();
    this.#moving = moving.catch(() => {});
    try {
      await moving;
    } finally {
      this.#isMoving = false;
    }
  }

  /** Whether something is to be sent before time goes on. */
  #isDue({ server, step }: Screening): boolean {
    return (
      server.isPlaying && step.messages !== null && step.timeMs - this.#contents.header.startMs <= this.#positionMs
    );
  }

  /** Sends what is due up to there. It may not come so far where the client does not take it yet. */
  async #advance(screening: Screening, untilMs: number): Promise<void> {
    const { startMs } = this.#contents.header;
    while (this.#screening === screening) {
      const { step } = screening;
      const dueMs = step.messages ? step.timeMs - startMs : Number.POSITIVE_INFINITY;
      this.#moveClock(Math.min(dueMs, untilMs));
      if (this.#isDue(screening)) {
        this.#tick = step.tick;
        screening.sent = screening.server.send(step, screening.sent);
      }
      screening.server.turn(startMs + this.#positionMs, this.#tick);
      if (!this.#isDue(screening) || screening.sent < (step.messages?.length ?? 0)) return;
      const { value } = await screening.reader.steps.next();
      screening.step = value ?? { ...step, messages: null };
      screening.sent = 0;
    }
  }

  #moveClock(toMs: number): void {
    if (toMs <= this.#positionMs) return;
    const ms = toMs - this.#positionMs;
    this.#positionMs = toMs;
    this.#clock.advance(ms);
  }

  #nextTurn(): Promise<void> {
    return new Promise((resolve) => void this.#base.setTimeout(() => resolve(), 0));
  }

  #assertPlaying(): Screening {
    if (!this.#screening?.server.isPlaying) throw noClient();
    return this.#screening;
  }
}

const noClient = () =>
  new NetworkError("ERR_STATE", "The replay has no client: connect one with its clock and sockets");

/**
 * Reads a recording, which then plays into the world of a client: docs/recording.md says how.
 *
 * @param file the path of what {@link record} wrote
 * @param protocol that of the game, also of the client
 * @throws (rejects) NetworkError `ERR_RECORDING` for what is no whole recording; `ERR_PROTOCOL_MISMATCH` for that of
 *   another game or version; TypeError for wrong arguments
 */
export async function replay(file: string, protocol: Protocol, options: ReplayOptions = {}): Promise<Replay> {
  if (typeof file !== "string" || file === "") throw typeError("file", "a path");
  const { name, version } = protocolCore(protocol);
  checkOptions("replay", options, { isPartial: booleanOption, clock: clockOption });
  const { isPartial = false, clock = systemClock } = options;
  const { header, steps, close } = await openRecording(file, isPartial);
  if (header.name !== name || header.version !== version) {
    await close();
    const theirs = `${JSON.stringify(header.name)}, version ${header.version}`;
    const text = `${file} is of ${theirs}, and not of ${JSON.stringify(name)}, version ${version}`;
    throw new NetworkError("ERR_PROTOCOL_MISMATCH", text);
  }
  let endMs = header.startMs;
  for await (const { timeMs } of steps) endMs = timeMs;
  return new Replay(file, protocol, { header, endMs }, isPartial, clock);
}
