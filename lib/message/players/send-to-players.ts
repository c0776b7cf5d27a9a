import { checkOptions, integerOption, nullOr, type OptionRules, objectOption, oneOf } from "../../options.js";
import { Channel } from "../../peer/index.js";
import type { MessageEncoder } from "../protocol/encoder.js";
import type { MessageDefinition } from "../protocol/message.js";
import type { ProtocolCore } from "../protocol/protocol.js";
import { NetworkPlayer } from "./network-player.js";
import type { INetworkPlayer } from "./player.js";

/** How a message is sent to many players. */
export interface SendManyOptions {
  /** `Channel.Reliable` or `Channel.Unreliable`. @defaultValue `Channel.Reliable` */
  channel?: Channel;
  /** 0 (most urgent) to 3, for `Channel.Reliable`. @defaultValue 0 */
  lane?: number;
  /** A player who does not get the message. @defaultValue none */
  exclude?: INetworkPlayer | null;
}

const NO_OPTIONS: SendManyOptions = {};
const SEND_MANY_OPTIONS: OptionRules<SendManyOptions> = {
  channel: oneOf(Channel.Reliable, Channel.Unreliable),
  lane: integerOption(0, 3),
  exclude: nullOr(objectOption()),
};

/**
 * Serialises a message once, and sends it to each player whom `includes` accepts and whose protocol has the message.
 *
 * @returns how many players it was sent to: not to those whose queue is full
 */
export function sendToPlayers<T>(
  { active, encoder, protocol }: { active: boolean; encoder: MessageEncoder; protocol: ProtocolCore },
  players: Iterable<INetworkPlayer>,
  message: MessageDefinition<T>,
  value: T,
  includes: (player: NetworkPlayer) => boolean,
  options: SendManyOptions = NO_OPTIONS,
): number {
  if (options !== NO_OPTIONS) checkOptions("sendToAll", options, SEND_MANY_OPTIONS);
  const { channel = Channel.Reliable, lane = 0, exclude = null } = options;
  if (!active) return 0;
  const number = protocol.numberOf(message);
  encoder.encode(number, message, value);
  let taken = 0;
  for (const player of players) {
    if (!(player instanceof NetworkPlayer) || player === exclude || !includes(player) || !player.knows(number))
      continue;
    if (player.sendEncoded(message, channel, lane)) taken++;
  }
  return taken;
}
