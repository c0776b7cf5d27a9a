import type { INetworkPlayer } from "../../lib/message/index.js";

/** The bytes of all messages that are sent to a player from now on. */
export function recordPackets(player: INetworkPlayer): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (const name of ["send", "sendNotify"] as const) {
    const send = (player[name] as (...given: unknown[]) => boolean).bind(player);
    (player as unknown as Record<string, unknown>)[name] = (message: unknown, bytes: unknown, ...rest: unknown[]) => {
      if (bytes instanceof Uint8Array) packets.push(bytes.slice());
      return send(message, bytes, ...rest);
    };
  }
  return packets;
}

const bitsOf = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0").split("").reverse().join("")).join("");

/** Whether `bytes` has the bits of `secret` anywhere: values lie in messages bit after bit. */
export const hasBits = (bytes: Uint8Array, secret: Uint8Array): boolean => bitsOf(bytes).includes(bitsOf(secret));
