/** In browsers. */
export { WebSocketFactory as DefaultSocketFactory } from "../socket/websocket.js";
