import { equalBytes } from "../bytes.js";
import { DisconnectCode, type DisconnectReason } from "../socket/index.js";
import type { ClientExtension } from "./extension.js";
import type { NetworkPlayer } from "./players/network-player.js";
import { PlayerState } from "./players/player.js";
import type { Place } from "./protocol/system-messages.js";
import { endingOf, type Target } from "./target.js";
import type { NetworkTimeEstimate } from "./time/network-time.js";
import type { PingLoop } from "./time/ping-loop.js";

/** What changes for a client when its player moves. */
interface ClientPlaceOwner {
  readonly time: NetworkTimeEstimate;
  readonly pings: PingLoop;
  complain(text: string): void;
  forEachExtension(call: (extension: ClientExtension) => unknown): void;
}

/**
 * Where a client's player is: at a server, or at a server with rooms in a room or in none. In no room the layers above
 * have nothing to talk to, so for them the player is not there.
 */
export class ClientPlace {
  readonly #owner: ClientPlaceOwner;
  #isPlaying = false;
  #mayMove = false;

  constructor(owner: ClientPlaceOwner) {
    this.#owner = owner;
  }

  /** Whether the server has rooms, so that messages may overtake a move. */
  get mayMove(): boolean {
    return this.#mayMove;
  }

  /** The server has admitted the player. */
  admitted(player: NetworkPlayer, place: Place): void {
    this.#arrive(player, place);
  }

  /** The player has moved. @param isSameRoom to another server, where its room is now */
  moved(player: NetworkPlayer, place: Place, target: Target | null, isSameRoom = false): void {
    const text = isSameRoom ? "The room is at another server" : "The player is in another room";
    const reason = { code: DisconnectCode.Moved, text };
    this.#leave(player, reason);
    if (isSameRoom) player.relocated(endingOf(target, reason));
    else player.moved(endingOf(target, reason));
    this.#owner.time.reset();
    this.#arrive(player, place);
    if (player.isAuthenticated) this.#owner.pings.start();
  }

  suspended(player: NetworkPlayer): void {
    if (this.#isPlaying) this.#tell(player, (extension) => extension.playerSuspended?.(player));
  }

  /** The player has come back, perhaps to another room than the one that it was in. @param hasMoved another server */
  resumed(player: NetworkPlayer, place: Place, target: Target | null, hasMoved: boolean): void {
    this.#owner.pings.start();
    if (hasMoved) this.moved(player, place, target, equalBytes(place.room, player.room));
    else if (place.moves !== player.moves) this.moved(player, place, target);
    else if (this.#isPlaying) this.#tell(player, (extension) => extension.playerResumed?.(player));
  }

  /** The client could not go where its server has redirected it: it stays where it is. */
  notFollowed(error: Error): void {
    this.#owner.complain(`the client could not follow a redirect: ${error.message}`);
    this.#owner.forEachExtension((extension) => extension.redirectFailed?.(error));
  }

  /** The player has left the server. */
  ended(player: NetworkPlayer, reason: DisconnectReason): void {
    this.#isPlaying = false;
    this.#owner.forEachExtension((extension) => extension.playerDisconnecting?.(player, reason));
  }

  #arrive(player: NetworkPlayer, place: Place): void {
    const { playerId, ticksPerSecond, moves, isLobby, room } = place;
    player.id = playerId;
    player.moves = moves;
    player.room = room;
    this.#owner.time.ticksPerSecond = ticksPerSecond;
    this.#isPlaying = !isLobby;
    this.#mayMove = isLobby || moves > 0;
    if (this.#isPlaying) this.#tell(player, (extension) => extension.playerAuthenticated?.(player));
    this.#tell(player, (extension) => extension.playerMoved?.(player, room));
  }

  /** Those behind a layer that disconnects the player hear of its end alone. */
  #tell(player: NetworkPlayer, call: (extension: ClientExtension) => unknown): void {
    this.#owner.forEachExtension((extension) =>
      player.state !== PlayerState.Disconnected ? call(extension) : undefined,
    );
  }

  #leave(player: NetworkPlayer, reason: DisconnectReason): void {
    if (this.#isPlaying) this.#owner.forEachExtension((extension) => extension.playerDisconnecting?.(player, reason));
    this.#isPlaying = false;
  }
}
