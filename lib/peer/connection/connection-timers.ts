import type { PeerConfig } from "../peer-config.js";

export enum ConnectionTimer {
  /** Gives up a handshake whose last packet does not come. */
  Handshake = 0,
  /** Ends a connection from which nothing comes. Each authenticated packet starts it again. */
  Idle = 1,
  /** Asks the other side for a sign of life, which measures the round trip. Each measurement starts it again. */
  KeepAlive = 2,
  /** Ends the wait for the acknowledgement of what was sent reliably. */
  Linger = 3,
  /** Looks again whether a transport that is reliable itself has sent everything: it does not say so. */
  LingerCheck = 4,
  /** Ends the wait for the acknowledgement of Close. */
  Close = 5,
  /** Ends the time in which a repeated Close is answered. */
  Drain = 6,
}

const TIMERS = 7;
const LINGER_CHECK_MS = 20;
/** Keep-alives come up to a tenth earlier, so that a thousand connections do not send theirs at once. */
const KEEP_ALIVE_JITTER = 0.1;

/** The timers of a connection. In arrays of floats: a time in any other place can be an object on the heap. */
export class ConnectionTimers {
  /** When the first timer is due, `Infinity` when none runs; as `updateNext` found. */
  nextMs = Number.POSITIVE_INFINITY;
  readonly #config: PeerConfig;
  readonly #durationMs = new Float64Array(TIMERS);
  readonly #dueMs = new Float64Array(TIMERS).fill(Number.POSITIVE_INFINITY);

  constructor(config: PeerConfig) {
    this.#config = config;
    this.#durationMs[ConnectionTimer.Handshake] = config.handshakeTimeoutMs;
    this.#durationMs[ConnectionTimer.Idle] = config.timeoutMs;
    this.#durationMs[ConnectionTimer.Linger] = config.closeTimeoutMs;
    this.#durationMs[ConnectionTimer.LingerCheck] = LINGER_CHECK_MS;
    this.#durationMs[ConnectionTimer.Close] = config.closeTimeoutMs;
    this.#durationMs[ConnectionTimer.Drain] = config.closeTimeoutMs;
    this.#drawKeepAlive();
  }

  /** `KeepAlive` is due. @returns whether a Ping is: nothing was measured within another interval, which is drawn */
  restartKeepAlive(measuredMs: number, nowMs: number): boolean {
    this.#drawKeepAlive();
    this.start(ConnectionTimer.KeepAlive, measuredMs);
    const isPingDue = this.isDue(ConnectionTimer.KeepAlive, nowMs);
    if (isPingDue) this.start(ConnectionTimer.KeepAlive, nowMs);
    return isPingDue;
  }

  /** Starts a timer, again if it runs. */
  start(timer: ConnectionTimer, nowMs: number): void {
    this.#dueMs[timer] = nowMs + (this.#durationMs[timer] as number);
  }

  /** Lets a timer that runs be due later. */
  postpone(timer: ConnectionTimer, ms: number): void {
    this.#dueMs[timer] = (this.#dueMs[timer] as number) + ms;
  }

  stop(timer: ConnectionTimer): void {
    this.#dueMs[timer] = Number.POSITIVE_INFINITY;
  }

  stopAll(): void {
    this.#dueMs.fill(Number.POSITIVE_INFINITY);
  }

  isDue(timer: ConnectionTimer, nowMs: number): boolean {
    return nowMs >= (this.#dueMs[timer] as number);
  }

  updateNext(): void {
    let nextMs = Number.POSITIVE_INFINITY;
    for (let timer = 0; timer < TIMERS; timer++) nextMs = Math.min(nextMs, this.#dueMs[timer] as number);
    this.nextMs = nextMs;
  }

  /** Takes another interval for `KeepAlive`. */
  #drawKeepAlive(): void {
    const { keepAliveMs, random } = this.#config;
    this.#durationMs[ConnectionTimer.KeepAlive] = keepAliveMs * (1 - KEEP_ALIVE_JITTER * random());
  }
}
