import { booleanOption, functionOption, nullOr, numberOption, type OptionRules, objectOption } from "../options.js";
import type { IncomingConnection } from "../socket/index.js";
import type { Verdict } from "../verdict.js";
import type { AuthenticationOptions } from "./authentication/server-authentication.js";
import type { SessionOptions } from "./authentication/session-table.js";
import { NETWORK_OPTIONS, type NetworkOptions } from "./network-options.js";
import type { INetworkPlayer } from "./players/player.js";
import type { Door } from "./protocol/door.js";
import type { ErrorBudget } from "./protocol/error-flags.js";
import { infoOption, type ServerDescription } from "./server-info.js";

/** The options of a `NetworkServer`. */
export interface NetworkServerOptions extends NetworkOptions {
  /**
   * False: it opens no socket, for a single player or for tests; a host's client can still join.
   *
   * @defaultValue `true`
   */
  listen?: boolean;
  /** Ticks per second, 0 to 1000. 0: a tick at the end of every turn in which something came. @defaultValue 0 */
  tickRate?: number;
  /** How players prove who they are. @defaultValue everybody is admitted */
  authentication?: AuthenticationOptions;
  /** Lets players come back whose connection was lost. @defaultValue `null`: such a player has left */
  sessions?: Partial<SessionOptions> | null;
  /**
   * What the server tells those who ask without joining (`askServer`, `discover`), or a function that gives it, called
   * at most ten times a second; null: nothing.
   *
   * @defaultValue `{}`: the protocol's name and version, and how many play
   */
  info?: ServerDescription | (() => ServerDescription) | null;
  /**
   * Other servers at which a client may look for its session when its connection is lost, at most 4: called for each
   * welcome.
   *
   * @defaultValue none
   */
  doors?: () => readonly Door[];
  /** How many errors a player may make; null: any number. @defaultValue 200 tokens, refilled by 50 per second */
  errorBudget?: Partial<ErrorBudget> | null;
  /**
   * Called when a player's budget is used up, in place of the disconnection.
   *
   * @defaultValue null: the player is disconnected
   */
  onErrorLimit?: ((player: INetworkPlayer) => void) | null;
  /**
   * Called before a connection is accepted: `true`, or the reason for refusing it, or a promise of one of these.
   *
   * @defaultValue all are accepted
   */
  beforeAccept?: (incoming: IncomingConnection) => Verdict | PromiseLike<Verdict>;
}

export const SERVER_OPTIONS: OptionRules<NetworkServerOptions> = {
  ...NETWORK_OPTIONS,
  listen: booleanOption,
  tickRate: numberOption(0, 1000),
  authentication: objectOption(),
  sessions: nullOr(objectOption()),
  info: nullOr(infoOption),
  doors: functionOption,
  errorBudget: nullOr(objectOption()),
  onErrorLimit: nullOr(functionOption),
  beforeAccept: functionOption,
};
export const ERROR_BUDGET: OptionRules<Partial<ErrorBudget>> = {
  maxTokens: numberOption(0, Number.POSITIVE_INFINITY),
  refillPerSecond: numberOption(0, Number.POSITIVE_INFINITY),
};
