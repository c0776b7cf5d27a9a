/** WebSocket clients, for browsers. */
export {
  WebSocketClientFactory as WebSocketFactory,
  type WebSocketClientFactoryOptions as WebSocketFactoryOptions,
} from "./websocket/websocket-client-factory.js";
