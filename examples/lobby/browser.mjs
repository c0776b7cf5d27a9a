// A player in a browser, over WebSocket, with the server that the page is from: /?name=…
import { WebSocketFactory } from "valve-sockets/socket/websocket";
import { createPlayer, enter } from "./player.mjs";

const name = new URLSearchParams(location.search).get("name") ?? "guest";
const print = (line) => {
  const item = document.createElement("li");
  item.textContent = line;
  document.querySelector("#log").append(item);
};
const { hostname, port, protocol } = location;
const SECURE = protocol === "https:";
const DEFAULT_PORT = SECURE ? 443 : 80;
const socketFactory = new WebSocketFactory({ host: hostname, port: Number(port || DEFAULT_PORT), secure: SECURE });
const client = createPlayer(socketFactory, print);
await client.connect();
await enter(client, name, print);
