// A WebSocket server. It says its port, and for each line that it reads how many connections wait at its door, or why
// it can open no file any more.
import { openSync } from "node:fs";
import { WebSocketFactory } from "valve-sockets/socket/websocket";

const socket = new WebSocketFactory({ port: 0, bindHost: "127.0.0.1" }).createServerSocket();
await socket.bind({ host: "127.0.0.1", port: 0, path: "/" });
console.log("port", socket.boundPort);
process.stdin.on("data", () => {
  try {
    openSync(import.meta.filename ?? "/dev/null", "r");
    console.log("waiting", socket.pendingConnections.count);
  } catch (error) {
    console.log("failed", error.code);
  }
});
process.stdin.on("end", () => process.exit());
