/** Plain UDP sockets, for Node. */
export { UdpHandle } from "./udp-handle.js";
export { UdpSocketFactory, type UdpSocketFactoryOptions } from "./udp-socket-factory.js";
