/// <reference path="../globals.ts" preserve="true" />
/** XCS sockets where there is no real network: in browsers. */

import { NetworkError } from "../network-error.js";
import { activateWith, type TetherModule, type XcsOptions } from "./activate.js";
import type { XcsModule } from "./xcs-module.js";

export * from "./common.js";

/** Activates the Socket module on a virtual computer. */
export function activate(tether: TetherModule, options: XcsOptions = {}): XcsModule {
  return activateWith(noNetwork, tether, options);
}

function noNetwork(): never {
  const text = 'Browsers have no sockets: leave out backend: "node", and take a VirtualRouter';
  throw new NetworkError("ERR_NOT_SUPPORTED", text);
}
