import type { Clock } from "../../clock.js";
import type { Random } from "../../random.js";
import { DisconnectCode, type DisconnectReason } from "../../socket/index.js";

/** All clients of a server lose it together: the pause before each further attempt is somewhere between these. */
const MIN_PAUSE_MS = 200;
const MAX_PAUSE_MS = 2000;
/** So many doors are tried at a time, beside the last server. */
const DOORS = 2;
/** A server that answers, and is too slow, gets up to so many times the usual time. */
const MAX_PATIENCE = 4;

/** What a {@link ResumeLoop} calls. */
export interface ResumeLoopOwner<Target> {
  /** @param patience how many times the usual time the attempt has */
  attempt(target: Target, patience: number): void;
  /** Every server has refused. @param reason of the last server */
  onRefused(reason: DisconnectReason): void;
  /** The session has ended, whatever the attempts are waiting for. */
  onExpired(windowMs: number): void;
}

/**
 * Decides when and where a client whose connection was lost tries to resume: at its last server and at two doors at
 * once, and at each again after a pause, until its session ends. Behind a door that has failed come the others. One
 * that answers and is too slow has twice the time when it is tried again: all clients that a busy server gives up
 * would come back at once, and be given up again.
 */
export class ResumeLoop<Target> {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #owner: ResumeLoopOwner<Target>;
  /** The server whose connection was lost. */
  #last: Target | null = null;
  /** Those that are not tried at this moment: the next one is the first. */
  #doors: Target[] = [];
  /** Which have not refused. */
  readonly #open = new Set<Target>();
  /** Of those that were too slow. */
  readonly #patience = new Map<Target, number>();
  /** Why the last server has refused. */
  #refusal: DisconnectReason | null = null;
  readonly #timers = new Set<unknown>();

  constructor(clock: Clock, random: Random, owner: ResumeLoopOwner<Target>) {
    this.#clock = clock;
    this.#random = random;
    this.#owner = owner;
  }

  start(windowMs: number, last: Target, doors: readonly Target[]): void {
    this.stop();
    this.#last = last;
    const drawn = doors.map((door) => ({ door, draw: this.#random() }));
    this.#doors = drawn.sort((one, other) => one.draw - other.draw).map(({ door }) => door);
    for (const target of [last, ...doors]) this.#open.add(target);
    this.#wait(windowMs, () => this.#owner.onExpired(windowMs));
    this.#wait(0, () => this.#attempt(last));
    for (let count = 0; count < DOORS; count++) this.#wait(0, () => this.#tryDoor());
  }

  /**
   * An attempt has failed.
   *
   * @param reason `HandshakeTimeout`: the server has answered, and was not done in time
   * @param isRefusal it does not want to be asked again
   */
  failed(target: Target, reason: DisconnectReason, isRefusal: boolean): void {
    if (reason.code === DisconnectCode.HandshakeTimeout)
      this.#patience.set(target, Math.min(2 * this.#patienceOf(target), MAX_PATIENCE));
    const isLast = target === this.#last;
    if (isRefusal) {
      this.#open.delete(target);
      if (isLast) this.#refusal = reason;
      if (this.#open.size === 0) this.#owner.onRefused(this.#refusal as DisconnectReason);
      else if (!isLast) this.#wait(this.#pauseMs, () => this.#tryDoor());
      return;
    }
    if (!isLast) this.#doors.push(target);
    this.#wait(this.#pauseMs, () => (isLast ? this.#attempt(target) : this.#tryDoor()));
  }

  stop(): void {
    for (const timer of this.#timers) this.#clock.clearTimeout(timer);
    this.#timers.clear();
    this.#open.clear();
    this.#patience.clear();
    this.#refusal = null;
  }

  #tryDoor(): void {
    const door = this.#doors.shift();
    if (door !== undefined) this.#attempt(door);
  }

  #attempt(target: Target): void {
    this.#owner.attempt(target, this.#patienceOf(target));
  }

  #patienceOf(target: Target): number {
    return this.#patience.get(target) ?? 1;
  }

  get #pauseMs(): number {
    return MIN_PAUSE_MS + (MAX_PAUSE_MS - MIN_PAUSE_MS) * this.#random();
  }

  #wait(ms: number, then: () => void): void {
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, ms);
    this.#timers.add(timer);
  }
}
