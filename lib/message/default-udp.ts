/** In Node.js. */
export { UdpSocketFactory as DefaultSocketFactory } from "../socket/udp.js";
