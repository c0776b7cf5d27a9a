/** What package.json maps `#default-socket-factory` to in browsers. */
export { WebSocketFactory as DefaultSocketFactory } from "../socket/websocket.js";
