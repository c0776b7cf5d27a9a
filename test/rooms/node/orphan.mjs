// A host of a Supervisor. The first is drained when that is gone; the second has nothing that ends it, and the third
// nothing of the Supervisor at all.
import { defineProtocol } from "../../../dist/message/index.js";
import { drainOnSignal, parentEngine, RoomHost } from "../../../dist/rooms/index.js";
import { MemoryNetwork, MemorySocketFactory } from "../../../dist/socket/index.js";

const number = process.env.VALVE_SOCKETS_WORKER;
const fleet = () => ({
  ...{ engine: parentEngine(), app: "test", fleetKey: [new Uint8Array(32)] },
  door: { addresses: { memory: `memory:${7777 + Number(number)}` } },
});
const host = new RoomHost({
  protocol: defineProtocol({ name: "orphan", version: 1, messages: [] }),
  socketFactory: new MemorySocketFactory(new MemoryNetwork(), { port: 7777 }),
  rooms: { arena: { capacity: 4, open() {} } },
  ...(number === "2" ? {} : fleet()),
});
await host.start();
if (number === "0") drainOnSignal(host, { onDrained: () => void process.stdout.write("drained 0\n") });
process.stdout.write(`ready ${process.pid}\n`);
setInterval(() => {}, 1000);
