/// <reference path="../globals.ts" preserve="true" />
/** XCS sockets: the Socket module of XCS, on a virtual router or the real network. */
import { activateWith, type TetherModule, type XcsOptions } from "./activate.js";
import { RealNetwork } from "./node/real-network.js";
import type { XcsModule } from "./xcs-module.js";

export * from "./common.js";

/**
 * Activates the Socket module: a computer on a virtual router (the default), or this one with the real network
 * (`backend: "node"`).
 *
 * @param tether `Socket`
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_UNKNOWN_OPTION`, RangeError `ERR_OUT_OF_RANGE`
 */
export function activate(tether: TetherModule, options: XcsOptions = {}): XcsModule {
  return activateWith((settings, clock) => new RealNetwork(settings, clock), tether, options);
}
