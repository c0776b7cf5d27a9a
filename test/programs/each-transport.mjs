// A server and a client of each transport, for bundlers and test runners.
import { defineProtocol, NetworkClient, NetworkServer } from "valve-sockets/message";
import { MemoryNetwork, MemorySocketFactory } from "valve-sockets/socket";
import { UdpSocketFactory } from "valve-sockets/socket/udp";
import { WebSocketFactory } from "valve-sockets/socket/websocket";

const protocol = defineProtocol({ name: "bundled", version: 1, messages: [] });

async function connect(load) {
  try {
    const create = await load();
    const server = new NetworkServer({ protocol, socketFactory: create({ port: 0 }) });
    await server.start();
    const address = { host: "127.0.0.1", port: server.boundPort };
    const client = new NetworkClient({ protocol, socketFactory: create(address) });
    await client.connect();
    await client.disconnect();
    await server.stop();
    return "works";
  } catch (error) {
    return `${error.code ?? error.name}: ${error.message}`;
  }
}

const network = new MemoryNetwork();
const loaders = {
  udp: async () => (options) => new UdpSocketFactory(options),
  websocket: async () => (options) => new WebSocketFactory(options),
  gns: async () => {
    const { GnsSocketFactory } = await import("valve-sockets/socket/gns");
    return (options) => new GnsSocketFactory(options);
  },
  memory: async () => () => new MemorySocketFactory(network),
};

/** By transport: "works", or the error. A server that failed to get its client is still there. */
export async function connectEach() {
  const results = {};
  for (const [name, load] of Object.entries(loaders)) results[name] = await connect(load);
  return results;
}
