import { Channel } from "../../peer/index.js";
import type { MessageEncoder } from "../protocol/encoder.js";
import type { MessageDefinition } from "../protocol/message.js";
import type { ProtocolCore } from "../protocol/protocol.js";
import { NetworkPlayer } from "./network-player.js";
import type { INetworkPlayer } from "./player.js";

export interface SendManyOptions {
  /** `Reliable` (default) or `Unreliable`. */
  channel?: Channel;
  /** 0 to 3. Default 0. */
  lane?: number;
  /** One player who is left out. */
  exclude?: INetworkPlayer | null;
}

const noOptions: SendManyOptions = {};

/**
 * Serialises once and sends to each player that `includes` and that knows the message.
 * @returns how many took it: a full queue refuses (`drained` follows)
 */
export function sendToPlayers<T>(
  { encoder, protocol }: { encoder: MessageEncoder; protocol: ProtocolCore },
  players: Iterable<INetworkPlayer>,
  message: MessageDefinition<T>,
  value: T,
  includes: (player: NetworkPlayer) => boolean,
  { channel = Channel.Reliable, lane = 0, exclude = null }: SendManyOptions = noOptions,
): number {
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
