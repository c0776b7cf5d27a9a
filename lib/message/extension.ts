import type { DisconnectReason } from "../socket/index.js";
import type { NetworkClient } from "./network-client.js";
import type { NetworkServer } from "./network-server.js";
import type { INetworkPlayer } from "./players/player.js";
import type { ProtocolPart } from "./protocol/protocol.js";

interface Extension<End> {
  /** Added to the protocol before it is frozen. */
  readonly messages?: readonly ProtocolPart[];
  /** Before the event `started`. */
  started?(end: End): void;
  /** Before the event `authenticated`. */
  playerAuthenticated?(player: INetworkPlayer): void;
  /** Before the event `suspended`. */
  playerSuspended?(player: INetworkPlayer): void;
  /** Before the event `resumed`: it needs the whole state again, like one that has just come. */
  playerResumed?(player: INetworkPlayer): void;
  /** After the handlers of a tick's messages. */
  tick?(tick: number): void;
  /** The last of a tick: what is sent now leaves with it. */
  beforeSend?(): void;
  /** After the event `disconnected`. */
  playerDisconnecting?(player: INetworkPlayer, reason: DisconnectReason): void;
  /** After the event `stopped`, or on a client after `disconnected`. */
  stopped?(): void;
}

/** A layer above a server: what it does at which point (docs/message.md has the order). */
export interface ServerExtension extends Extension<NetworkServer> {
  /** Before the event `readied`. */
  playerReady?(player: INetworkPlayer): void;
}

/** A layer above a client. */
export interface ClientExtension extends Extension<NetworkClient> {}

/** A place for something of one's own beside each player, which goes when the player does. */
export class PlayerSlot<T> {
  readonly #values = new WeakMap<INetworkPlayer, T>();
  readonly #create: (player: INetworkPlayer) => T;

  /** @param create makes a player's value when it is first asked for */
  constructor(create: (player: INetworkPlayer) => T) {
    this.#create = create;
  }

  of(player: INetworkPlayer): T {
    let value = this.#values.get(player);
    if (value === undefined) {
      value = this.#create(player);
      this.#values.set(player, value);
    }
    return value;
  }

  set(player: INetworkPlayer, value: T): void {
    this.#values.set(player, value);
  }
}
