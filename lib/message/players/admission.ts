import type { Clock } from "../../clock.js";
import { Places, type PlacesMetrics } from "../../guard/places.js";
import { sourceOf } from "../../guard/source.js";
import { serverFull } from "../../socket/building/socket-errors.js";
import { DisconnectCode } from "../../socket/index.js";
import type { NetworkPlayer } from "./network-player.js";

/** How many players a server takes. */
export interface AdmissionLimits {
  /** Players who are authenticated and connected. */
  readonly maxConnections: number;
  /** Players who have still to prove who they are. */
  readonly maxPendingConnections: number;
}

/**
 * The places of a server's players. Those who are not authenticated have places of their own, in which strangers of one
 * source make room among themselves, so they keep no player out.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #pending: Places<NetworkPlayer>;
  readonly #admitted = new Set<NetworkPlayer>();

  constructor(clock: Clock, limits: AdmissionLimits) {
    this.#limits = limits;
    this.#pending = new Places({ maxCount: limits.maxPendingConnections, clock });
  }

  /** Whether as many players are authenticated as there may be. */
  get isFull(): boolean {
    return this.#admitted.size >= this.#limits.maxConnections;
  }

  get metrics(): PlacesMetrics {
    return this.#pending.metrics;
  }

  /** Somebody has connected: takes a place, perhaps that of another. */
  add(player: NetworkPlayer): void {
    const taken = this.#pending.take(player, sourceOf(player.address));
    if (taken === "free") return;
    const leaving = taken === "full" ? player : taken.evicted;
    leaving.refuse(DisconnectCode.ServerBusy, "Too many players are proving who they are");
  }

  /** The most connections of a Peer that serves all of them. */
  get maxConnections(): number {
    return Math.min(this.#limits.maxConnections + this.#limits.maxPendingConnections, 100_000);
  }

  /**
   * The player is authenticated, or has come back over the connection of `newcomer`.
   *
   * @returns false: the server is full, and has told `newcomer` so
   */
  admit(player: NetworkPlayer, newcomer = player): boolean {
    if (this.isFull) {
      newcomer.refuse(serverFull.code, serverFull.text);
      return false;
    }
    this.#pending.release(newcomer);
    this.#admitted.add(player);
    return true;
  }

  /** The player has no connection any more. */
  remove(player: NetworkPlayer): void {
    this.#pending.release(player);
    this.#admitted.delete(player);
  }
}
