/// <reference path="../globals.ts" preserve="true" />
/** Voice comms over `NetworkingSockets`, with direct connections between clients. Node.js only. See docs/comms.md. */
export type { ConfigOption } from "../valve/configuration/config-value.js";
export type { IceSettings } from "../valve/configuration/ice-servers.js";
export type { InitializeOptions } from "../valve/sockets/library.js";
export {
  type SocketsCommsClient,
  type SocketsCommsClientParam,
  SocketsCommsNetwork,
  type SocketsCommsNetworkOptions,
  type SocketsCommsServer,
  type SocketsCommsServerParam,
} from "./sockets-comms-network.js";
