// The list in a browser, over WebSocket: the server that the page is from, and those of /?servers=host:port,host:port
import { discover } from "valve-sockets/message";
import { WebSocketFactory } from "valve-sockets/socket/websocket";
import { protocol } from "./protocol.mjs";

const SECURE = location.protocol === "https:";
const DEFAULT_PORT = SECURE ? 443 : 80;
const named = new URLSearchParams(location.search).get("servers")?.split(",") ?? [];
const servers = [location.host, ...named].map((address) => {
  const { hostname, port } = new URL(`http://${address}`);
  return { host: hostname, port: Number(port || DEFAULT_PORT) };
});
const socketFactory = new WebSocketFactory({ secure: SECURE });

for (;;) {
  const items = [];
  for await (const server of discover({ protocol, socketFactory, servers })) {
    const item = document.createElement("li");
    item.textContent = `${server.name}: ${server.players} of ${server.places}`;
    items.push(item);
  }
  document.querySelector("#servers").replaceChildren(...items);
  await new Promise((resolve) => setTimeout(resolve, 5000));
}
