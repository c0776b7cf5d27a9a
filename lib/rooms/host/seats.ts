import type { Clock } from "../../clock.js";
import type { INetworkPlayer } from "../../message/index.js";

/** How long a seat is kept for the bearer of a ticket. */
const TICKET_MS = 15_000;

interface Seat {
  readonly isSpectator: boolean;
}

/** The seats of a room: of those who are there, of those who are coming in, and of tickets. */
export class Seats {
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #maxSpectators: number;
  readonly #holders = new Map<INetworkPlayer, Seat>();
  readonly #tickets = new Map<string, Seat & { readonly timer: unknown }>();
  readonly #onChange: () => void;

  constructor(clock: Clock, capacity: number, maxSpectators: number, onChange: () => void) {
    this.#clock = clock;
    this.#capacity = capacity;
    this.#maxSpectators = maxSpectators;
    this.#onChange = onChange;
  }

  /** Players with a seat, spectators not counted; kept seats are. */
  get taken(): number {
    return this.#count(false);
  }

  /** Whether nobody is here or coming. */
  get isEmpty(): boolean {
    return this.#holders.size === 0 && this.#tickets.size === 0;
  }

  has(player: INetworkPlayer): boolean {
    return this.#holders.has(player);
  }

  isSpectator(player: INetworkPlayer): boolean {
    return this.#holders.get(player)?.isSpectator ?? false;
  }

  isFree(isSpectator: boolean): boolean {
    return isSpectator ? this.#count(true) < this.#maxSpectators : this.taken < this.#capacity;
  }

  /** Gives a player a seat, as it stays for whoever is suspended. @returns false: none is free */
  take(player: INetworkPlayer, isSpectator: boolean): boolean {
    if (this.#holders.get(player)?.isSpectator !== isSpectator && !this.isFree(isSpectator)) return false;
    this.#holders.set(player, { isSpectator });
    this.#onChange();
    return true;
  }

  release(player: INetworkPlayer): void {
    if (this.#holders.delete(player)) this.#onChange();
  }

  /** Keeps a seat for the bearer of a ticket. @returns false: none is free */
  keep(ticket: string, isSpectator: boolean, keptMs = TICKET_MS): boolean {
    if (!this.isFree(isSpectator)) return false;
    const timer = this.#clock.setTimeout(() => this.#drop(ticket), keptMs);
    this.#tickets.set(ticket, { isSpectator, timer });
    this.#onChange();
    return true;
  }

  /** A player gives its ticket for the seat. @returns false: there is no such ticket any more */
  redeem(ticket: string, player: INetworkPlayer): boolean {
    const seat = this.#tickets.get(ticket);
    if (!seat) return false;
    this.#clock.clearTimeout(seat.timer);
    this.#tickets.delete(ticket);
    this.#holders.set(player, { isSpectator: seat.isSpectator });
    this.#onChange();
    return true;
  }

  /** The room is closed. */
  clear(): void {
    for (const { timer } of this.#tickets.values()) this.#clock.clearTimeout(timer);
    this.#tickets.clear();
    this.#holders.clear();
  }

  #drop(ticket: string): void {
    this.#tickets.delete(ticket);
    this.#onChange();
  }

  #count(isSpectator: boolean): number {
    let count = 0;
    for (const seat of this.#holders.values()) if (seat.isSpectator === isSpectator) count++;
    for (const seat of this.#tickets.values()) if (seat.isSpectator === isSpectator) count++;
    return count;
  }
}
