// What server and page both know.
import { defineMessage, defineProtocol } from "valve-sockets/message";
import { definePrefab, linear, NetworkBehaviour, networked } from "valve-sockets/object";
import { quantized, ranged, struct, u8, vec2 } from "valve-sockets/serialization";

export const TICK_RATE = 20;
export const BOT_COUNT = 5;

export class Bot extends NetworkBehaviour {}
networked(Bot, {
  number: [u8, { initialOnly: true }],
  position: [vec2(), { delivery: "latest", interpolate: linear }],
});
export const BotPrefab = definePrefab("bot", { bot: Bot });
export const parts = { prefabs: [BotPrefab] };

const share = quantized({ max: 1, precision: 0.001, signed: false });
/** A page asks for the network that it wants: how late each packet is, and which share of them is lost. */
export const Network = defineMessage("network", struct({ latencyMs: ranged(0, 300), loss: share }));
export const protocol = defineProtocol({ name: "bad-network", version: 1, messages: [Network] });

/** Where a bot is at a tick, from -1 to 1 both ways. */
export function placeOf(number, tick) {
  const angle = tick / TICK_RATE + 2 * number;
  return { x: 0.9 * Math.sin((1 + 0.2 * number) * angle), y: 0.9 * Math.cos((1.7 - 0.1 * number) * angle) };
}

/** What a LagSocketFactory does on such a network: packets are late, and not all of them by the same time. */
export const conditionsOf = ({ latencyMs, loss }) => ({ latencyMs, jitterMs: latencyMs / 4, loss });
