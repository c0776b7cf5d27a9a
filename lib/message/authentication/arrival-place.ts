import type { PlayerOwner } from "../players/network-player.js";
import type { INetworkPlayer } from "../players/player.js";
import type { Arrival } from "./session-store.js";

/** Where a player whose session comes from elsewhere goes on at once. */
export interface ArrivalPlace {
  /** Behind the same front end. */
  readonly server: PlayerOwner;
  /** The id that it has had there; 0: a new one. */
  readonly playerId: number;
  /** What its client gets to know of the room. */
  readonly room: Uint8Array;
}

/** Takes the place when the player is admitted. @returns null: it is full, or gone by now */
export type PlaceTaker = (player: INetworkPlayer) => ArrivalPlace | null;

const takers = new WeakMap<Arrival, PlaceTaker>();

/** The layer of the rooms gives an arrival a place; it is nothing that applications can do. */
export function withPlace(arrival: Arrival, take: PlaceTaker): Arrival {
  takers.set(arrival, take);
  return arrival;
}

export const placeTakerOf = (arrival: Arrival): PlaceTaker | undefined => takers.get(arrival);
