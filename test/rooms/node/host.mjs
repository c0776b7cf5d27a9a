// A host in a process, with as many players as the first argument says, that is drained on a SIGTERM.
import { defineProtocol, NetworkClient } from "../../../dist/message/index.js";
import { drainOnSignal, RoomHost, RoomsClient } from "../../../dist/rooms/index.js";
import { MemoryNetwork, MemorySocketFactory } from "../../../dist/socket/index.js";

const newProtocol = () => defineProtocol({ name: "drained", version: 1, messages: [] });
const socketFactory = new MemorySocketFactory(new MemoryNetwork());
const host = new RoomHost({ protocol: newProtocol(), socketFactory, rooms: { arena: { capacity: 4, open() {} } } });
await host.start();
for (let player = 0; player < Number(process.argv[2]); player++) {
  const client = new NetworkClient({ protocol: newProtocol(), socketFactory });
  new RoomsClient(client);
  await client.connect();
}
drainOnSignal(host, { deadlineMs: 100, onDrained: () => void process.stdout.write("drained\n") });
process.stdout.write("ready\n");
setInterval(() => {}, 1000);
