/** The socket layer over GameNetworkingSockets. */
export { GnsAddress, GnsPeer, type GnsPeerSettings, type GnsSignaling } from "./gns-end-point.js";
export { GnsHandle } from "./gns-handle.js";
export { GnsSocket } from "./gns-socket.js";
export { GnsSocketFactory, type GnsSocketFactoryOptions } from "./gns-socket-factory.js";
