/// <reference path="../globals.ts" preserve="true" />
/** WebSocket clients, for browsers. */
export { WebSocketClientFactory as WebSocketFactory } from "./websocket/websocket-client-factory.js";
export type {
  WebSocketBindEndPoint,
  WebSocketClientFactoryOptions as WebSocketFactoryOptions,
  WebSocketConnectEndPoint,
} from "./websocket/websocket-options.js";
