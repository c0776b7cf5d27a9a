import { checkFunction, checkInteger, invalidType } from "../../arguments.js";
import { isUint8Array } from "../../brands.js";
import type { INetworkPlayer, PlayerAuthentication } from "../players/player.js";
import { type RedirectTarget, sentDoor } from "../protocol/door.js";

/** What becomes of a player whose session only the store has, and who has proven it. */
export interface Arrival {
  /** The session goes on at another server, and the client is redirected. @defaultValue it goes on here */
  readonly redirect?: RedirectTarget;
  /** How old the state is that the player finds here, for its client's event `resumed`. @defaultValue 0 ms */
  readonly lostMs?: number;
}

/** What a {@link SessionStore} knows of a session. */
export interface StoredSession {
  /** The 32 bytes that `create` gave. */
  readonly secret: Uint8Array;
  /** Who its player is. */
  readonly authentication: PlayerAuthentication;
  /**
   * Called when a client has proven the session. It may wait, as long as an authentication may take.
   *
   * @param player the connection, whose `ticket` may say more; it is not authenticated yet
   * @defaultValue the session goes on here
   */
  arrive?(player: INetworkPlayer): Arrival | PromiseLike<Arrival>;
}

/**
 * Keeps sessions for several servers, or longer than one of them lives. A player that resumes a session at a server
 * where it is not known is admitted there as a new player, if the store has the session.
 */
export interface SessionStore {
  /** The id of a session that is about to be made: 16 bytes, never the same twice. @defaultValue random bytes */
  newId?(): Uint8Array;
  /**
   * A player was admitted. What takes time is written behind: nobody waits for it.
   *
   * @param id 16 random bytes
   * @returns the session's secret, 32 bytes that nobody else can find out
   */
  create(id: Uint8Array, authentication: PlayerAuthentication): Uint8Array;
  /**
   * Called for each session that a client resumes and that this server does not have, for at most 1024 at a time: while
   * so many have not been answered, others are refused with `DisconnectCode.ServerBusy`, and their clients try again.
   *
   * @returns null: there is none
   */
  find(id: Uint8Array): StoredSession | null | PromiseLike<StoredSession | null>;
  /** The player has left for good. Nobody waits for it; what it throws goes to `onError`. */
  remove(id: Uint8Array): void;
  /** The player has left this server, and its session goes on at another one. */
  leave?(id: Uint8Array): void;
}

/** @throws TypeError, RangeError for what `arrive` may not have answered */
export function checkArrival(arrival: unknown): asserts arrival is Arrival {
  const isObject = typeof arrival === "object" && arrival !== null;
  if (!isObject) throw invalidType("The `arrive` of a session must answer { redirect }, { lostMs } or {}");
  const { redirect, lostMs = 0 } = arrival as Arrival;
  if (redirect) sentDoor("redirect", redirect);
  checkInteger("lostMs", lostMs, 0, 0xffffffff);
}

export const SESSION_SECRET_BYTES = 32;

/** @throws TypeError for what is no secret */
export function checkSecret(secret: unknown): asserts secret is Uint8Array {
  const isSecret = ArrayBuffer.isView(secret) && isUint8Array(secret) && secret.length === SESSION_SECRET_BYTES;
  if (!isSecret) throw invalidType(`The secret of a SessionStore must be ${SESSION_SECRET_BYTES} bytes`);
}

/** @throws TypeError for what a store may not have found */
export function checkStored(found: unknown): asserts found is StoredSession | null {
  if (found === null) return;
  const { secret, authentication, arrive } = (found ?? {}) as Partial<StoredSession>;
  checkSecret(secret);
  if (arrive !== undefined) checkFunction("arrive", arrive);
  if (typeof authentication?.method === "string") return;
  throw invalidType("The find of a SessionStore must answer { secret, authentication }, or null");
}
