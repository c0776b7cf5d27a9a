/** WebSocket clients and servers, for Node. */
export { WebSocketFactory, type WebSocketFactoryOptions } from "./websocket/websocket-server-factory.js";
