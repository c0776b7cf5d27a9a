/// <reference path="../globals.ts" preserve="true" />
/** Plain UDP sockets, for Node. */
export type { Spin } from "../spin.js";
export type { StatelessHandle } from "./building/handles.js";
export type { UdpEndPoint } from "./udp/udp-end-point.js";
export { UdpHandle } from "./udp/udp-handle.js";
export { UdpSocketFactory, type UdpSocketFactoryOptions } from "./udp/udp-socket-factory.js";
