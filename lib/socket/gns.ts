/// <reference path="../globals.ts" preserve="true" />
/** The socket layer over GameNetworkingSockets. */
export type { ConfigOption } from "../valve/configuration/config-value.js";
export type { IceSettings } from "../valve/configuration/ice-servers.js";
export type { InitializeOptions } from "../valve/sockets/library.js";
export { NetworkingIdentity } from "../valve/values/networking-identity.js";
export { GnsAddress, GnsPeer, type GnsPeerSettings, type GnsSignaling } from "./gns/gns-end-point.js";
export { GnsHandle } from "./gns/gns-handle.js";
export { GnsSocketFactory, type GnsSocketFactoryOptions } from "./gns/gns-socket-factory.js";
