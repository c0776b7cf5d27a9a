import { activate, Socket, VirtualRouter, type XcsModule, type XcsOptions } from "../../lib/xcs/index.js";

/** Two modules, each on a computer of its own. */
export function twoComputers(router = new VirtualRouter(1), options: XcsOptions = {}): [XcsModule, XcsModule] {
  return [activate(Socket, { ...options, router }), activate(Socket, { ...options, router })];
}

export const textOf = (data: Uint8Array | null) => data && new TextDecoder().decode(data);
