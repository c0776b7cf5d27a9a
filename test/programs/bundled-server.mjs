// A server and a client of each transport, as a program for bundlers. It prints what came of each, as JSON.
import { defineProtocol, NetworkClient, NetworkServer } from "valve-sockets/message";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { WebSocketFactory } from "valve-sockets/socket/websocket";

const protocol = defineProtocol({ name: "bundled", version: 1, messages: [] });

async function connect(load) {
  try {
    const Factory = await load();
    const server = new NetworkServer({ protocol, socketFactory: new Factory({ port: 0 }) });
    await server.start();
    const address = { host: "127.0.0.1", port: server.boundPort };
    const client = new NetworkClient({ protocol, socketFactory: new Factory(address) });
    await client.connect();
    await client.disconnect();
    await server.stop();
    return "works";
  } catch (error) {
    return `${error.code}: ${error.message}`;
  }
}

const loaders = {
  udp: async () => UdpSocketFactory,
  websocket: async () => WebSocketFactory,
  gns: async () => (await import("valve-sockets/socket/gns")).GnsSocketFactory,
};
async function main() {
  const results = {};
  for (const [name, load] of Object.entries(loaders)) results[name] = await connect(load);
  console.log(JSON.stringify(results));
  process.exit(); // A server that failed to start its client is still there.
}
void main();
