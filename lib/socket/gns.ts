/// <reference path="../globals.ts" preserve="true" />
/** The socket layer over GameNetworkingSockets. */
export { GnsAddress, GnsPeer, type GnsPeerSettings, type GnsSignaling } from "./gns/gns-end-point.js";
export { GnsHandle } from "./gns/gns-handle.js";
export { GnsSocket } from "./gns/gns-socket.js";
export { GnsSocketFactory, type GnsSocketFactoryOptions } from "./gns/gns-socket-factory.js";
