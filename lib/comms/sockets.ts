/// <reference path="../globals.ts" preserve="true" />
/** Voice comms over `NetworkingSockets`, with direct connections between clients. Node.js only. See docs/comms.md. */
export {
  type SocketsCommsClient,
  type SocketsCommsClientParam,
  SocketsCommsNetwork,
  type SocketsCommsNetworkOptions,
  type SocketsCommsServer,
  type SocketsCommsServerParam,
} from "./sockets-comms-network.js";
