// A host of the fleet, as a process of its own: FLEET='{ "servers": ["127.0.0.1:4222"], … }' node host.mjs
// It tells its parent where it is and what it has, takes wishes from it, and moves its rooms away on SIGTERM.
import { RoomHost } from "valve-sockets/rooms";
import { NatsEngine } from "valve-sockets/rooms/engine";
import { MultiplexSocketFactory } from "valve-sockets/socket";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { WebSocketFactory } from "valve-sockets/socket/websocket";
import { game, newProtocol } from "./game.mjs";

const { servers, app, fleetKey } = JSON.parse(process.env.FLEET);
const engine = await NatsEngine.connect({ servers });
const ADDRESS = "127.0.0.1";
const host = new RoomHost({
  protocol: newProtocol(),
  // Programs come over UDP, pages over WebSocket.
  socketFactory: new MultiplexSocketFactory(
    new UdpSocketFactory({ bindHost: ADDRESS, port: 0 }),
    new WebSocketFactory({ bindHost: ADDRESS, port: 0 }),
  ),
  peer: { maxConnections: 1000, keepAliveMs: 400, timeoutMs: 3000, handshakeTimeoutMs: 1500 },
  rooms: { game },
  ...{ engine, app, fleetKey: [Buffer.from(fleetKey, "hex")] },
  door: ([udp, websocket]) => ({ addresses: { udp: `${ADDRESS}:${udp}`, websocket: `${ADDRESS}:${websocket}` } }),
});
await host.start();

const tell = (message) => process.connected && process.send(message);
const report = () => {
  const { players } = host.metrics;
  tell({ kind: "status", rooms: host.rooms.map(({ id }) => id), players, fleet: host.fleet.metrics });
};
const timer = setInterval(report, 200);

process.on("message", async ({ create = [] }) => {
  for (const id of create) await host.createRoom("game", { id });
  report();
});
process.on("SIGTERM", async () => {
  const left = await host.drain({ deadlineMs: 20_000 });
  clearInterval(timer);
  await engine.close();
  process.exit(left === 0 ? 0 : 1);
});
process.on("disconnect", () => process.exit(2)); // Its parent is gone.
const [port, webSocketPort] = host.server.boundPorts;
tell({ kind: "ready", id: host.fleet.id, port, webSocketPort });
