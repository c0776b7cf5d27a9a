// In a network namespace of its own: from which address a server on all addresses answers, asked at three of them.
import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ReceivedPacket } from "valve-sockets/socket";
import { UdpSocketFactory } from "valve-sockets/socket/udp";

const hosts = ["fd00::1", "fd00::2", "fd00::3"];
if (!process.argv[2]) {
  const added = hosts.map((host) => `ip address add ${host}/128 dev lo nodad`);
  const script = ["ip link set lo up", ...added, 'exec "$0" "$1" inside'].join(" && ");
  const inside = ["-n", "sh", "-c", script, process.execPath, fileURLToPath(import.meta.url)];
  process.exit(spawnSync("unshare", inside, { stdio: "inherit" }).status ?? 1);
}
const factory = new UdpSocketFactory({ port: 0, implementation: "batched" });
const server = factory.createServerSocket();
const packet = new ReceivedPacket();
server.events = {
  onReadable() {
    server.tick();
    while (server.poll()) {
      server.receive(packet);
      server.send(packet.handle, Uint8Array.of(1), 1, 0);
    }
    server.flush();
  },
};
await server.bind(factory.getBindEndPoint());
const client = createSocket("udp6");
client.bind(0, "::");
await once(client, "listening");
for (const host of hosts) {
  const answer = once(client, "message");
  client.send(Uint8Array.of(1), server.boundPort, host);
  const [, sender] = await answer;
  console.log(sender.address);
}
process.exit(0);
