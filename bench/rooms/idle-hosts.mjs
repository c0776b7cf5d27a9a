// node idle-hosts.mjs <server> <count>: so many hosts in a process, each with a link of its own to NATS, and nobody on
// them. To each message of its parent it answers what CPU it has used and how much memory it has.
import { RoomHost } from "valve-sockets/rooms";
import { NatsEngine } from "valve-sockets/rooms/engine";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { game, newProtocol } from "../../examples/fleet/game.mjs";

const [server, count] = process.argv.slice(2);
const hosts = [];
while (hosts.length < Number(count)) {
  const host = new RoomHost({
    protocol: newProtocol(),
    socketFactory: new UdpSocketFactory({ bindHost: "127.0.0.1", port: 0 }),
    rooms: { game },
    engine: await NatsEngine.connect({ servers: [server] }),
    app: "idle",
    fleetKey: [new Uint8Array(32).fill(7)],
    door: ([port]) => ({ addresses: { udp: `127.0.0.1:${port}` } }),
  });
  await host.start();
  hosts.push(host);
}
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpuUs: user + system, bytes: process.memoryUsage.rss(), hosts: hosts[0].fleet.hosts.length });
});
process.send("ready");
