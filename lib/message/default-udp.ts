/** What package.json maps `#default-socket-factory` to in Node.js. */
export { UdpSocketFactory as DefaultSocketFactory } from "../socket/udp.js";
