/** What XCS sockets are in Node and in browsers. */
export type { Clock } from "../clock.js";
export type { NetworkErrorCode } from "../error-codes.js";
export type { EventListener } from "../event-hub.js";
export type { ConnectionGuard } from "../guard/connection-guard.js";
export { NetworkError, type NetworkErrorDetails } from "../network-error.js";
export { deactivate, Socket, type TetherModule, type XcsOptions } from "./activate.js";
export type { PortCounters, XcsProtocol } from "./network.js";
export type { NetworkManager, PortInfo } from "./network-manager.js";
export type { RealNetworkOptions } from "./real-network-options.js";
export type { LineCommand } from "./request-line.js";
export { VirtualRouter, type VirtualRouterOptions } from "./virtual/virtual-router.js";
export { XcsError, type XcsErrorDetails, type XcsErrorName } from "./xcs-error.js";
export type { ReadOptions, XcsEvents, XcsModule, XcsResult, XcsWarning } from "./xcs-module.js";
