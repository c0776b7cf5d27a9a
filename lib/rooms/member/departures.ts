import type { Clock } from "../../clock.js";
import { type INetworkPlayer, NetworkServer } from "../../message/index.js";
import { MOVED } from "../host/room-house.js";
import type { Arrivals } from "./arrivals.js";
import type { FleetSessions } from "./fleet-sessions.js";
import type { KeptRooms } from "./kept-rooms.js";

/** How long players have to leave for the host that they were sent to. */
export const LEAVE_MS = 5000;

interface DeparturesOwner {
  readonly clock: Clock;
  readonly lobby: NetworkServer;
  readonly kept: KeptRooms;
  readonly sessions: FleetSessions;
  readonly arrivals: Arrivals;
}

/**
 * Sends players to other hosts. From then on their records are those hosts', so who does not get there cannot stay
 * here: after `LEAVE_MS` its client looks for its session at the doors that it knows.
 */
export class Departures {
  readonly #owner: DeparturesOwner;
  /** Those who were sent away, until their time is up. */
  readonly #timers = new Map<INetworkPlayer, unknown>();

  constructor(owner: DeparturesOwner) {
    this.#owner = owner;
  }

  /**
   * @param room "": none
   * @param host undefined: the player looks for its room at the doors that it knows
   */
  send(player: INetworkPlayer, room: string, host: string | undefined): void {
    const { sessions, kept, arrivals, lobby, clock } = this.#owner;
    const session = sessions.entryOf(player);
    if (!session) return; // It is on its way already, or the host's client.
    const isAlive = host !== undefined && kept.beats.find(host) !== undefined;
    if (room === "" && !isAlive) return;
    const target = isAlive ? arrivals.targetOf(host, { session, room }) : null;
    sessions.sendAway(player);
    if (!player.isConnected) NetworkServer.dismiss(lobby, player, MOVED);
    else if (target) {
      player.redirect(target);
      // Its connection may be dead without anybody knowing: when it comes here again, it is not to find this player.
      NetworkServer.releaseSession(lobby, player);
      this.#timers.set(
        player,
        clock.setTimeout(() => this.#end(player), LEAVE_MS),
      );
    } else this.#refuse(player);
  }

  /** Those of the players who were sent away have no more time: their places are here again. */
  end(players: readonly INetworkPlayer[]): void {
    for (const player of players) if (this.#timers.has(player)) this.#end(player);
  }

  stop(): void {
    for (const timer of this.#timers.values()) this.#owner.clock.clearTimeout(timer);
    this.#timers.clear();
  }

  #end(player: INetworkPlayer): void {
    this.#owner.clock.clearTimeout(this.#timers.get(player));
    this.#timers.delete(player);
    if (player.isConnected) this.#refuse(player);
  }

  #refuse(player: INetworkPlayer): void {
    NetworkServer.refuse(player, MOVED.code, MOVED.text);
  }
}
