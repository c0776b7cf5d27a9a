/** Plain UDP sockets, for Node. */
export { UdpHandle } from "./udp/udp-handle.js";
export { UdpSocketFactory, type UdpSocketFactoryOptions } from "./udp/udp-socket-factory.js";
