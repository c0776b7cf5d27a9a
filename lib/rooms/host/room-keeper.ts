import type { Room } from "./room.js";

/** Keeps rooms where other hosts find them, so that they outlive the host that they are on. */
export interface RoomKeeper {
  /**
   * Makes a room this host's, before its kind opens it.
   *
   * @throws (rejects) NetworkError `ERR_CONFLICT`: another host has it; `ERR_SERVER_BUSY`: the engine does not answer;
   *   as an engine
   */
  claim(room: Room): Promise<void>;
  /** The room's server runs: it goes on where it was. @throws what the room's kind or an extension throws */
  restore(room: Room): void;
  /** The room is in use here no more. @param isOver it is closed for good, else it may go on elsewhere */
  release(room: Room, isOver: boolean): void;
  /** The room has other labels, or was locked. */
  describe(room: Room): void;
  commit(room: Room, event: unknown): Promise<bigint>;
  checkpoint(room: Room): Promise<void>;
  epochOf(room: Room): bigint;
}
