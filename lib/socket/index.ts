/** The socket layer: packets, and the transports that carry them. */
export { DisconnectCode, type DisconnectReason } from "./disconnect-reason.js";
export { MemoryNetwork, type MemoryNetworkOptions } from "./memory-network.js";
export {
  MemorySocketFactory,
  type MemorySocketFactoryOptions,
  type MemorySocketKind,
} from "./memory-socket-factory.js";
export {
  Delivery,
  type IBindEndPoint,
  type IConnectEndPoint,
  type IConnectionHandle,
  type IncomingConnection,
  type ISocket,
  ReceivedPacket,
  type Security,
  type SocketEvents,
} from "./socket.js";
export { type IHasAddress, type IHasPort, SocketFactory } from "./socket-factory.js";
