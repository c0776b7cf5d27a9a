import { invalidType } from "../../arguments.js";
import { isUint8Array } from "../../brands.js";
import type { PlayerAuthentication } from "../players/player.js";

/** What a {@link SessionStore} knows of a session. */
export interface StoredSession {
  /** The 32 bytes that `create` gave. */
  readonly secret: Uint8Array;
  /** Who its player is. */
  readonly authentication: PlayerAuthentication;
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
  /** Called for each session that a client resumes and that this server does not have. @returns null: there is none */
  find(id: Uint8Array): StoredSession | null | PromiseLike<StoredSession | null>;
  /** The player has left for good. */
  remove(id: Uint8Array): void;
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
  const { secret, authentication } = (found ?? {}) as Partial<StoredSession>;
  checkSecret(secret);
  if (typeof authentication?.method === "string") return;
  throw invalidType("The find of a SessionStore must answer { secret, authentication }, or null");
}
