// A host of a local network: `server`, with an implementation of UDP, or `client`, which tells what it finds there.
import { defineProtocol, discover, NetworkServer } from "valve-sockets/message";
import { UdpSocketFactory } from "valve-sockets/socket/udp";

const [role, implementation, ...names] = process.argv.slice(2);
const protocol = defineProtocol({ name: "lan", version: 1, messages: [] });
if (role === "server") {
  for (const [at, name] of names.entries()) {
    const socketFactory = new UdpSocketFactory({ port: 7777 + at, implementation });
    await new NetworkServer({ protocol, info: { name }, socketFactory }).start();
  }
  process.send("ready");
} else {
  const socketFactory = new UdpSocketFactory({ implementation });
  const found = [];
  const servers = discover({ socketFactory, protocol, ports: [7777, 7778], timeoutMs: 1500 });
  for await (const { host, port, name, isSameProtocol } of servers) found.push({ host, port, name, isSameProtocol });
  process.send(found);
  process.disconnect();
}
