import { noNumber, typeError, wrongNumber } from "../arguments.js";
import { hexOf } from "../bytes.js";
import { type Clock, systemClock } from "../clock.js";
import type { Protocol } from "../message/index.js";
import { protocolCore } from "../message/protocol/protocol.js";
import { NetworkError } from "../network-error.js";
import { booleanOption, checkOptions, clockOption, integerOption } from "../options.js";
import {
  type IConnectEndPoint,
  type ISocket,
  MemoryNetwork,
  MemorySocketFactory,
  type SocketFactory,
} from "../socket/index.js";
import { type Place, type PlacedStep, readHeader, readSteps, recordingError } from "./recording-file.js";
import { MAX_DURATION_MS, type RecordingHeader, type RecordingStep } from "./recording-lines.js";
import { ReplayClock } from "./replay-clock.js";
import { ReplayServer } from "./replay-server.js";

/** Options of {@link replay}. */
export interface ReplayOptions {
  /** Plays a recording without its end, or with a line that was changed, up to there. @defaultValue false */
  isPartial?: boolean;
  /** The id of a player: messages to this one alone are played as well. @defaultValue those to nobody alone */
  player?: number;
  /** The clock by which it plays. @defaultValue that of the system */
  clock?: Clock;
}

/** How often a replay moves on. */
const TURN_MS = 4;
/** No timer of the client is later than that while it goes forward. */
const SEEK_STEP_MS = 50;
const MAX_SPEED = 1000;
/** Who goes back begins so much earlier: meanwhile the client asks what time it is. */
const LEAD_MS = 2000;
/** Of more keyframes every second one is forgotten. */
const MAX_KEYFRAMES = 4096;

/** What {@link replay} has found out of a file. */
interface Contents {
  readonly header: RecordingHeader;
  readonly start: Place;
  readonly endMs: number;
  /** In their order: where the world begins anew, and the time there. */
  readonly keyframes: readonly { readonly place: Place; readonly timeMs: number }[];
}

/** One connection of the client. */
interface Screening {
  readonly server: ReplayServer;
  steps: AsyncGenerator<PlacedStep, void>;
  /** The next one to be sent, and how many of its entries were. */
  step: RecordingStep;
  sent: number;
  /** Whether the step is sent whatever its time is: the client goes back to it. */
  isJump: boolean;
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
  readonly #player: number | null;
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
  /** Counts the clients: one that was still connecting when another came gives up. */
  #turn = 0;
  /** What is under way: one thing at a time moves on. */
  #moving: Promise<void> = Promise.resolve();
  #isMoving = false;

  /** @internal See {@link replay}. */
  constructor(
    path: string,
    protocol: Protocol,
    contents: Contents,
    { isPartial = false, player, clock: base = systemClock }: ReplayOptions,
  ) {
    this.#path = path;
    this.#protocol = protocol;
    this.#contents = contents;
    this.#isPartial = isPartial;
    this.#player = player ?? null;
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
   * @throws TypeError for no number, RangeError for another speed; NetworkError `ERR_STATE` without a client
   */
  play(speed = 1): void {
    if (typeof speed !== "number") throw noNumber("speed", speed);
    if (!(speed > 0 && speed <= MAX_SPEED)) throw wrongNumber("speed", speed, `over 0, up to ${MAX_SPEED}`);
    this.#assertPlaying();
    if (!this.isPlaying) this.#lastTurnMs = this.#base.now();
    this.#speed = speed;
  }

  /** Stands still. Does nothing while it does. */
  pause(): void {
    this.#speed = 0;
  }

  /**
   * Goes there as fast as it can, and pauses. Backwards it begins at a keyframe before: up to 12 s of messages, or more
   * in a large world, come again.
   *
   * @param ms after the beginning; before it is the beginning, and after the end is the end
   * @throws (rejects) TypeError for no number, RangeError for NaN; NetworkError `ERR_STATE` without a client, or if it
   *   leaves; `ERR_RECORDING` if the file was changed meanwhile. Then it has no client any more
   */
  async seek(ms: number): Promise<void> {
    if (typeof ms !== "number") throw noNumber("ms", ms);
    if (Number.isNaN(ms)) throw wrongNumber("ms", ms, "a number");
    this.#assertPlaying();
    this.pause();
    while (this.#isMoving) await this.#moving;
    const screening = this.#assertPlaying();
    const untilMs = Math.min(Math.max(ms, 0), this.durationMs);
    try {
      await this.#move(async () => {
        if (untilMs < this.#positionMs) await this.#goBack(screening, untilMs);
        while (this.#positionMs < untilMs || this.#isDue(screening)) {
          await this.#advance(screening, Math.min(untilMs, this.#positionMs + SEEK_STEP_MS));
          await this.#nextTurn();
          if (screening !== this.#assertPlaying()) throw noClient();
        }
      });
    } catch (error) {
      // It cannot go on from there.
      if (screening === this.#screening) this.close();
      throw error;
    }
  }

  /** Ends the connection of its client. */
  close(): void {
    this.pause();
    this.#turn++;
    this.#base.clearTimeout(this.#timer);
    const screening = this.#screening;
    this.#screening = null;
    if (!screening) return;
    void screening.server.stop();
    void screening.steps.return();
  }

  /** A client connects. */
  async #begin(): Promise<void> {
    this.close();
    const turn = this.#turn;
    const { header, start } = this.#contents;
    if (hexOf(this.#protocol.fingerprint) !== header.fingerprint) {
      const text = `${this.#path} was recorded with other messages than ${this.#protocol.name} has now`;
      throw new NetworkError("ERR_PROTOCOL_MISMATCH", text);
    }
    const server = new ReplayServer(this.#protocol, this.#sockets, this.#clock, header);
    await server.start();
    const steps = readSteps(this.#path, start, this.#isPartial);
    const step: RecordingStep = { kind: "tick", timeMs: header.startMs, tick: 0, entries: [] };
    const screening = { server, steps, step, sent: 0, isJump: false };
    try {
      await this.#readStep(screening);
      if (turn !== this.#turn) throw new NetworkError("ERR_CLOSED", "The replay was closed, or has another client");
    } catch (error) {
      await Promise.all([server.stop(), steps.return()]);
      throw error;
    }
    this.#screening = screening;
    this.#positionMs = 0;
    this.#tick = screening.step.tick;
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
  #isDue({ server, step, isJump }: Screening): boolean {
    if (!server.isPlaying || step.kind === "ended") return false;
    return isJump || step.timeMs - this.#contents.header.startMs <= this.#positionMs;
  }

  /** Goes on with the step behind the present one. Keyframes are for those who go back. */
  async #readStep(screening: Screening): Promise<void> {
    do {
      const { value } = await screening.steps.next();
      screening.step = value ?? { ...screening.step, kind: "ended" };
      screening.sent = 0;
      screening.isJump &&= screening.step.kind === "keyframe";
    } while (screening.step.kind === "keyframe" && !screening.isJump);
  }

  /** Goes on with the last keyframe before `ms`, or with the first step. */
  async #goBack(screening: Screening, ms: number): Promise<void> {
    const { header, keyframes, start } = this.#contents;
    const latestMs = header.startMs + ms - LEAD_MS;
    const from = keyframes.findLast(({ timeMs }) => timeMs <= latestMs);
    await screening.steps.return();
    screening.steps = readSteps(this.#path, from?.place ?? start, this.#isPartial);
    screening.isJump = true;
    await this.#readStep(screening);
    screening.isJump = true;
    this.#positionMs = from ? from.timeMs - header.startMs : 0;
    // It was closed meanwhile.
    if (this.#screening !== screening) await screening.steps.return();
  }

  /** Sends what is due up to there. It may not come so far where the client does not take it yet. */
  async #advance(screening: Screening, untilMs: number): Promise<void> {
    const { startMs } = this.#contents.header;
    while (this.#screening === screening) {
      const { step } = screening;
      const dueMs = step.kind === "ended" ? Number.POSITIVE_INFINITY : step.timeMs - startMs;
      this.#moveClock(Math.min(dueMs, untilMs));
      if (this.#isDue(screening)) {
        this.#tick = step.tick;
        screening.sent = screening.server.send(step.entries, this.#player, screening.sent, screening.isJump);
      }
      screening.server.turn(startMs + this.#positionMs, this.#tick);
      if (!this.#isDue(screening) || screening.sent < step.entries.length) return;
      await this.#readStep(screening);
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
  checkOptions("replay", options, {
    isPartial: booleanOption,
    player: integerOption(0, 2 ** 32 - 1),
    clock: clockOption,
  });
  const { header, start } = await readHeader(file);
  if (header.name !== name || header.version !== version) {
    const theirs = `${JSON.stringify(header.name)}, version ${header.version}`;
    const text = `${file} is of ${theirs}, and not of ${JSON.stringify(name)}, version ${version}`;
    throw new NetworkError("ERR_PROTOCOL_MISMATCH", text);
  }
  let endMs = header.startMs;
  let keyframes: Contents["keyframes"][number][] = [];
  let before: RecordingStep["kind"] = "tick";
  for await (const { kind, timeMs, place } of readSteps(file, start, options.isPartial === true)) {
    endMs = timeMs;
    if (endMs - header.startMs > MAX_DURATION_MS) throw recordingError(`${file} is longer than a week`);
    if (kind === "keyframe" && before !== "keyframe") keyframes.push({ place, timeMs });
    if (keyframes.length > MAX_KEYFRAMES) keyframes = keyframes.filter((_, index) => index % 2 === 0);
    before = kind;
  }
  return new Replay(file, protocol, { header, start, endMs, keyframes }, options);
}
