import type { Clock } from "../clock.js";
import type { NetworkPlayer } from "./players/network-player.js";
import { type Door, MAX_DOORS, type SentDoor, sentDoor } from "./protocol/door.js";

/** A player is told the doors again after this time, when it asks for the server's time. */
const DOORS_MS = 10_000;

/**
 * The other servers at which a server's players may look for their sessions. Each player is told of them in its
 * welcome. It is told again, when it asks for the server's time, after 10 s, and as soon as they have changed: those of
 * then may be gone.
 */
export class OfferedDoors {
  readonly #clock: Clock;
  /** Undefined: there are none. */
  readonly #list: (() => readonly Door[]) | undefined;
  readonly #report: (error: unknown) => void;
  #changedMs = Number.NEGATIVE_INFINITY;

  /** @param report is told what the list throws, and what is no door */
  constructor(clock: Clock, list: (() => readonly Door[]) | undefined, report: (error: unknown) => void) {
    this.#clock = clock;
    this.#list = list;
    this.#report = report;
  }

  get areThere(): boolean {
    return this.#list !== undefined;
  }

  /** What players were told is not true any more. */
  changed(): void {
    this.#changedMs = this.#clock.now();
  }

  /** The doors, which the player knows from now on. */
  tell(player: NetworkPlayer): SentDoor[] {
    player.toldDoorsMs = this.#clock.now();
    try {
      return (this.#list?.() ?? []).slice(0, MAX_DOORS).flatMap((door) => this.#sent(door));
    } catch (error) {
      this.#report(error);
      return [];
    }
  }

  /** What is no door keeps no other one out. */
  #sent(door: Door): SentDoor[] {
    try {
      return [sentDoor("A door", door)];
    } catch (error) {
      this.#report(error);
      return [];
    }
  }

  /** The same where the player does not know them. */
  tellAgain(player: NetworkPlayer): SentDoor[] | undefined {
    if (!this.#list || !player.isAuthenticated) return undefined;
    const { toldDoorsMs } = player;
    const isDue = toldDoorsMs <= this.#changedMs || this.#clock.now() - toldDoorsMs >= DOORS_MS;
    return isDue ? this.tell(player) : undefined;
  }
}
