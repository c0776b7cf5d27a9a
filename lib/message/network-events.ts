import { EventHub } from "../event-hub.js";
import type { DisconnectReason } from "../socket/index.js";
import type { INetworkPlayer } from "./players/player.js";

/** The events that a server and a client have in common: by name, the arguments of a listener. */
export interface NetworkEvents<Data = unknown> {
  /** It is active, and no message can have come yet. A late event. */
  started: [];
  /** A connection is there; its player is not authenticated yet. On a client the player is the server. */
  connected: [player: INetworkPlayer<Data>];
  /** The server has admitted the player. */
  authenticated: [player: INetworkPlayer<Data>];
  /** The player's connection was lost, and the player may come back (a server with `sessions`). */
  suspended: [player: INetworkPlayer<Data>];
  /** The queue to this player was full and a `send` was refused; now there is space again. */
  drained: [player: INetworkPlayer<Data>];
}

/** How a client's session goes on. */
export interface Resumption {
  /** Whether it does so at another server. */
  readonly hasMoved: boolean;
  /** How old the state is that the player finds there, in milliseconds, as that server says. */
  readonly lostMs: number;
}

/**
 * The events of a `NetworkServer`. Their order is in docs/message.md. *Late* events are states: a listener that
 * is added after the event has happened is called at once.
 */
export interface NetworkServerEvents<Data = unknown> extends NetworkEvents<Data> {
  /** The suspended player has come back: the same object. */
  resumed: [player: INetworkPlayer<Data>];
  /**
   * The player's address has changed, and the connection has followed (UDP with encryption). Nothing else happens:
   * `player.address` is the new address.
   */
  moved: [player: INetworkPlayer<Data>, from: string];
  /** The player has left for good. */
  disconnected: [player: INetworkPlayer<Data>, reason: DisconnectReason];
  /**
   * The player has loaded the scene; when the server has none, this follows `authenticated` at once. It happens again
   * for each further scene, and after `resumed`.
   */
  readied: [player: INetworkPlayer<Data>];
  /** The server has stopped. A late event. */
  stopped: [];
  /** Host mode: the client in this process is about to join. A late event. */
  hostStarted: [];
  /** Host mode: the client in this process has left. A late event. */
  hostStopped: [];
  /** All messages of a tick have been handled. */
  ticked: [tick: number];
}

/** The events of a `NetworkClient`. Their order is in docs/message.md. */
export interface NetworkClientEvents extends NetworkEvents {
  /**
   * The suspended player has come back: the same object. Or the server has redirected it, and it was admitted there;
   * then it was not suspended before.
   */
  resumed: [player: INetworkPlayer, resumption: Resumption];
  /** The connection has ended for good. */
  disconnected: [reason: DisconnectReason];
}

const COMMON_EVENTS = ["started", "connected", "authenticated", "suspended", "resumed", "drained"] as const;

export const CLIENT_EVENTS: readonly (keyof NetworkClientEvents)[] = [...COMMON_EVENTS, "disconnected"];

export const SERVER_EVENTS: readonly (keyof NetworkServerEvents)[] = [
  ...COMMON_EVENTS,
  ...(["moved", "disconnected", "readied", "stopped", "hostStarted", "hostStopped", "ticked"] as const),
];

export const SERVER_LATE_EVENTS = ["started", "stopped", "hostStarted", "hostStopped"] as const;

/** The events of a server or client. Whoever comes from another library may expect messages among them. */
export class NetworkEventHub<Events extends { [Name in keyof Events]: unknown[] }> extends EventHub<Events> {
  protected override unknownEvent(name: unknown): string {
    return `${super.unknownEvent(name)}. For messages: messageHandler.register(Message, handler)`;
  }
}
