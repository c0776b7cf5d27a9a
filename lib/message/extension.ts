import type { DisconnectReason } from "../socket/index.js";
import type { NetworkClient } from "./network-client.js";
import type { NetworkServer } from "./network-server.js";
import type { INetworkPlayer } from "./players/player.js";
import type { ProtocolPart } from "./protocol/protocol.js";

/** What the layers above a server and above a client have in common. All members are optional. */
export interface NetworkExtension<End> {
  /** Added to the protocol before it is frozen. */
  readonly messages?: readonly ProtocolPart[];
  /** Before the event `started`. */
  started?(end: End): void;
  /** Before the event `authenticated`. */
  playerAuthenticated?(player: INetworkPlayer): void;
  /** Before the event `suspended`. */
  playerSuspended?(player: INetworkPlayer): void;
  /** Before the event `resumed`. The player needs the whole state again, as a player who has just joined. */
  playerResumed?(player: INetworkPlayer): void;
  /** After the handlers of a tick's messages, before the event `ticked`. */
  tick?(tick: number): void;
  /** At the end of a tick: what is sent here leaves with the tick. */
  beforeSend?(): void;
  /** After the event `disconnected`. */
  playerDisconnecting?(player: INetworkPlayer, reason: DisconnectReason): void;
  /** After the event `stopped`; on a client after `disconnected`. */
  stopped?(): void;
}

/** What somebody gets who is no player: all objects, with the members that everybody may see. */
export interface WatcherSight {
  /** Also what only owners, or only some, may see. */
  readonly seesAll: boolean;
}

/** A layer above a server, as an object with a function for each point (docs/message.md has the order). */
export interface ServerExtension extends NetworkExtension<NetworkServer> {
  /** Its name in a snapshot, 1 to 64 bytes of UTF-8. Needed with `snapshot`. */
  readonly name?: string;
  /** Before the event `readied`. */
  playerReady?(player: INetworkPlayer): void;
  /** What it needs to go on elsewhere, or after a restart (`server.snapshot`): at most 16 MiB. */
  snapshot?(): Uint8Array;
  /** Goes on with what `snapshot` has kept, on a server that is active. Check it: it may be of an older version. */
  restore?(bytes: Uint8Array): void;
  /** @internal From here on `watcher`, who is none of the players, gets the world. */
  watcherAdded?(watcher: INetworkPlayer, sight: WatcherSight): void;
  /** @internal It gets nothing any more. */
  watcherRemoved?(watcher: INetworkPlayer): void;
}

/**
 * A layer above a client. At a server with rooms (docs/rooms.md) `playerAuthenticated` and `playerDisconnecting` come
 * for each room that the player is in, with the reason `Moved` where it leaves it for another one or for none.
 */
export interface ClientExtension extends NetworkExtension<NetworkClient> {
  /** @internal The player is somewhere. @param room what the server says of the room; empty without rooms */
  playerMoved?(player: INetworkPlayer, room: Uint8Array): void;
  /** @internal The client could not go where its server has redirected it. */
  redirectFailed?(error: Error): void;
}

/** A value that a layer above keeps for each player; it is collected with the player. */
export class PlayerSlot<T> {
  readonly #values = new WeakMap<INetworkPlayer, T>();
  readonly #create: (player: INetworkPlayer) => T;

  /** @param create makes the value of a player when it is first needed */
  constructor(create: (player: INetworkPlayer) => T) {
    this.#create = create;
  }

  /** The value of a player. */
  of(player: INetworkPlayer): T {
    let value = this.#values.get(player);
    if (value === undefined) {
      value = this.#create(player);
      this.#values.set(player, value);
    }
    return value;
  }

  /** Replaces the value of a player. */
  set(player: INetworkPlayer, value: T): void {
    this.#values.set(player, value);
  }
}
