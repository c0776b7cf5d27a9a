// A server with players over GNS, UDP and WebSocket, objects, voice and an inspector. It prints the inspector's
// address, and what the library says about itself for each line on stdin.
import { createInterface } from "node:readline";
import { MessageCommsNetwork } from "valve-sockets/comms";
import { inspect } from "valve-sockets/inspector";
import { defineMessage, defineProtocol, NetworkClient, NetworkServer } from "valve-sockets/message";
import {
  ClientFigures,
  ClientObjectManager,
  definePrefab,
  grid,
  NetworkBehaviour,
  networked,
  reportFigures,
  ServerObjectManager,
} from "valve-sockets/object";
import { string, u8, vec2 } from "valve-sockets/serialization";
import { LagSocketFactory, MultiplexSocketFactory } from "valve-sockets/socket";
import { GnsSocketFactory } from "valve-sockets/socket/gns";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { WebSocketFactory } from "valve-sockets/socket/websocket";

const [players = "2", name = "<img src=x onerror=alert(1)>", shipName = "<script>alert(2)</script>\u202e\0"] =
  process.argv.slice(2);
const Chat = defineMessage("chat <b>", string(200));
const Ship = networked(class Ship extends NetworkBehaviour {}, { name: string(64), health: u8, position: vec2() });
const ShipPrefab = definePrefab("ship", { ship: Ship });
const protocol = defineProtocol({ name, version: 3, messages: [Chat] });
const kinds = [GnsSocketFactory, UdpSocketFactory, WebSocketFactory];
const lag = new LagSocketFactory(new MultiplexSocketFactory(...kinds.map((Kind) => new Kind({ port: 0 }))));
const server = new NetworkServer({ protocol, socketFactory: lag, tickRate: 20 });
const objects = new ServerObjectManager(server, {
  prefabs: [ShipPrefab],
  interest: grid({ enter: 25, leave: 30 }),
});
const figures = new ClientFigures(server);
const comms = new MessageCommsNetwork({ server });
server.messageHandler.register(Chat, (text, player) => void player.send(Chat, text));
await server.start();
for (let count = 0; count < 24; count++) {
  const position = { x: (count % 6) * 20 + 3 * Math.sin(count), y: Math.floor(count / 6) * 20 };
  const own = { name: count === 0 ? shipName : `ship ${count}`, health: 77 + count, position };
  objects.spawn(ShipPrefab, { init: ({ ship }) => Object.assign(ship, own) });
}

const clients = [];
for (const [at, Kind] of kinds.entries()) {
  for (let count = 0; count < Number(players); count++) {
    const socketFactory = new Kind({ host: "127.0.0.1", port: server.boundPorts[at] });
    const client = new NetworkClient({ protocol, socketFactory });
    const world = new ClientObjectManager(client, { prefabs: [ShipPrefab] });
    if (count === 0) reportFigures(client, world);
    client.messageHandler.register(Chat, () => {});
    await client.connect();
    clients.push(client);
  }
}
for (const [at, player] of server.players.entries()) objects.focus(player, { x: 25 * at, y: 10 * at });
setInterval(() => {
  for (const client of clients) if (client.isConnected) client.send(Chat, "hello");
}, 100);

const inspector = await inspect(server, { objects, figures, comms, lag, controls: true, payloads: true });
console.log(`Inspector: ${inspector.url}`);
let asked = 0;
for await (const _ of createInterface({ input: process.stdin })) {
  const rows = server.players.map(({ id, address, transport, connection }) => ({
    id,
    address,
    transport,
    ...connection?.metrics,
  }));
  console.log(
    `Players ${++asked}: ${JSON.stringify({ rows, conditions: lag.conditions, grids: objects.interestGrids() })}`,
  );
}
process.exit(0);
