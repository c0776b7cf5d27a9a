// In a network namespace of its own: a packet between two sockets over a link-local address, by the name and by the
// number of the interface.
import { execFileSync, spawnSync } from "node:child_process";
import { networkInterfaces } from "node:os";
import { fileURLToPath } from "node:url";
import { ReceivedPacket } from "valve-sockets/socket";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { WebSocketFactory } from "valve-sockets/socket/websocket";

const [kind, isInside] = process.argv.slice(2);
if (!isInside) {
  const inside = [process.execPath, fileURLToPath(import.meta.url), kind, "inside"];
  process.exit(spawnSync("unshare", ["-n", ...inside], { stdio: "inherit" }).status ?? 1);
}
const ip = (...parameters) => execFileSync("ip", parameters);
ip("link", "set", "lo", "up");
ip("link", "add", "a0", "type", "veth", "peer", "name", "b0");
for (const name of ["a0", "b0"]) ip("link", "set", name, "up");
ip("address", "add", "fe80::1/64", "dev", "a0", "nodad");

const factory =
  kind === "websocket" ? new WebSocketFactory({ port: 0 }) : new UdpSocketFactory({ port: 0, implementation: kind });
const number = networkInterfaces().a0.find(({ address }) => address === "fe80::1").scopeid;
for (const zone of ["a0", number]) {
  const [server, client] = [factory.createServerSocket(), factory.createClientSocket()];
  let seen = null;
  const readable = new Promise((resolve) => {
    server.events = {
      onReadable() {
        server.tick();
        resolve();
      },
      onIncoming: () => true,
      onConnect: (handle) => {
        seen = handle.address;
      },
    };
  });
  client.events = { onReadable() {} };
  await server.bind(factory.getBindEndPoint());
  const handle = await client.connect(factory.getConnectEndPoint(`fe80::1%${zone}`, server.boundPort));
  const send = () => {
    client.send(handle, Uint8Array.of(1), 1, 1);
    client.flush();
  };
  send();
  // A datagram beside an interface that was just made can be lost.
  const again = setInterval(send, 100);
  await readable;
  clearInterval(again);
  if (seen === null) {
    const packet = new ReceivedPacket();
    server.poll();
    server.receive(packet);
    seen = packet.handle.address;
  }
  console.log(`${handle.address} ${seen}`.replaceAll(/:\d+(?= |$)/g, ""));
}
process.exit(0);
