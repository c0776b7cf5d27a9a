// A player in a browser, over WebTransport or WebSocket, with the server that the page is from: /?name=…
import { BrowserSocketFactory } from "valve-sockets/socket/browser";
import { createPlayer, enter } from "./player.mjs";

const name = new URLSearchParams(location.search).get("name") ?? "guest";
const print = (line) => {
  const item = document.createElement("li");
  item.textContent = line;
  document.querySelector("#log").append(item);
};
const { hostname, port, protocol } = location;
const DEFAULT_PORT = protocol === "https:" ? 443 : 80;
const socketFactory = new BrowserSocketFactory({ host: hostname, port: Number(port || DEFAULT_PORT) });
const client = createPlayer(socketFactory, print);
const { transport } = await client.connect();
print(`Connected over ${transport}`);
await enter(client, name, print);
