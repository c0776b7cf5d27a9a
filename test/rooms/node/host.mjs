// A host in a process, with as many players as the first argument says, that is drained on a SIGTERM, or with the
// second argument "ordered" by an operator.
import { defineProtocol, NetworkClient } from "../../../dist/message/index.js";
import { MemoryEngine } from "../../../dist/rooms/engine/index.js";
import { order } from "../../../dist/rooms/fleet/operator.js";
import { drainOnSignal, RoomHost, RoomsClient } from "../../../dist/rooms/index.js";
import { MemoryNetwork, MemorySocketFactory } from "../../../dist/socket/index.js";

const [players, how] = process.argv.slice(2);
const newProtocol = () => defineProtocol({ name: "drained", version: 1, messages: [] });
const socketFactory = new MemorySocketFactory(new MemoryNetwork(), { port: 7777 });
const engine = new MemoryEngine();
const fleet = { engine, app: "test", fleetKey: [new Uint8Array(32)], door: { addresses: { memory: "memory:7777" } } };
const host = new RoomHost({
  ...{ protocol: newProtocol(), socketFactory, rooms: { arena: { capacity: 4, open() {} } } },
  ...(how === "ordered" ? fleet : {}),
});
await host.start();
for (let player = 0; player < Number(players); player++) {
  const client = new NetworkClient({ protocol: newProtocol(), socketFactory });
  new RoomsClient(client);
  await client.connect({ port: 7777 });
}
drainOnSignal(host, { deadlineMs: 100, onDrained: () => void process.stdout.write("drained\n") });
process.stdout.write("ready\n");
setInterval(() => {}, 1000);
if (how === "ordered") await order(engine.link(), "test", host.fleet.id, "drain");
