import { typeError } from "../../arguments.js";
import { checkOptions, nullOr, type OptionRules } from "../../options.js";
import type { Channel } from "../../peer/index.js";
import { type MessageDefinition, maxAgeOf, sendingRules } from "../protocol/message.js";
import { NetworkPlayer, type PlayerOwner } from "./network-player.js";
import type { INetworkPlayer } from "./player.js";

/** How a message is sent to many players. */
export interface SendManyOptions {
  /** `Channel.Reliable`, `Unreliable` or `Sequenced`. @defaultValue that of the message */
  channel?: Channel;
  /** 0 (most urgent) to 3. @defaultValue that of the message */
  lane?: number;
  /** Not for `Channel.Reliable`. @defaultValue that of the message */
  maxAgeMs?: number;
  /** A player, or a list of players, who do not get the message. @defaultValue none */
  exclude?: INetworkPlayer | readonly INetworkPlayer[] | null;
}

/** What sends: a server that is active, or not. */
interface Sending extends PlayerOwner {
  readonly active: boolean;
}

const NO_OPTIONS: SendManyOptions = {};
const SEND_MANY_OPTIONS: OptionRules<SendManyOptions> = {
  ...sendingRules,
  exclude: nullOr((name, value) => {
    const players: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (!players.every((player) => player instanceof NetworkPlayer))
      throw typeError(name, "a player or a list of players");
  }),
};

/**
 * Serialises a message once, and sends it to each player whom `includes` accepts and whose protocol has the message.
 *
 * @param refused gets those whose queue is full
 * @param told gets the ids of those it was sent to
 * @returns how many players it was sent to
 */
export function sendToPlayers<T>(
  server: Sending,
  players: Iterable<INetworkPlayer>,
  message: MessageDefinition<T>,
  value: T,
  includes: (player: NetworkPlayer) => boolean,
  options: SendManyOptions = NO_OPTIONS,
  refused: INetworkPlayer[] | null = null,
  told: number[] | null = null,
): number {
  const { active, encoder, protocol } = server;
  if (options !== NO_OPTIONS) checkOptions("sendToAll", options, SEND_MANY_OPTIONS);
  const { exclude = null } = options;
  const excluded: readonly INetworkPlayer[] | null = Array.isArray(exclude) ? exclude : null;
  if (typeof players?.[Symbol.iterator] !== "function") throw typeError("players", "a list of players");
  if (!active) return 0;
  const number = protocol.numberOf(message);
  const { channel = message.channel, lane = message.lane } = options;
  const { maxAgeMs = maxAgeOf(message, channel) } = options;
  encoder.encode(number, message, value);
  let base = 0;
  let taken = 0;
  for (const player of players) {
    if (!(player instanceof NetworkPlayer)) throw typeError("Each of players", "a player of this server");
    // One that has moved to another room belongs to that room's server.
    if (
      player === exclude ||
      excluded?.includes(player) ||
      player.owner !== server ||
      !includes(player) ||
      !player.knows(number)
    )
      continue;
    if (player.numbers.base !== base) {
      base = player.numbers.base;
      encoder.renumber(number + base, message, value);
    }
    if (player.sendEncoded(message, channel, lane, maxAgeMs)) {
      taken++;
      told?.push(player.id);
    } else refused?.push(player);
  }
  return taken;
}

/** As {@link sendToPlayers}, to the first `count` of `players` that are connected. It makes no object. */
export function sendToFirst<T>(
  server: Sending,
  players: readonly INetworkPlayer[],
  count: number,
  message: MessageDefinition<T>,
  value: T,
): void {
  const { active, encoder, protocol } = server;
  if (!active) return;
  const number = protocol.numberOf(message);
  encoder.encode(number, message, value);
  let base = 0;
  for (let index = 0; index < count; index++) {
    const player = players[index] as NetworkPlayer;
    if (!player.isConnected || player.owner !== server || !player.knows(number)) continue;
    if (player.numbers.base !== base) {
      base = player.numbers.base;
      encoder.renumber(number + base, message, value);
    }
    player.sendEncoded(message, message.channel, message.lane, message.maxAgeMs);
  }
}
