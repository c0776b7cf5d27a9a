/** WebSocket clients, for browsers. */
export {
  WebSocketClientFactory as WebSocketFactory,
  type WebSocketClientFactoryOptions as WebSocketFactoryOptions,
} from "./websocket-client-factory.js";
