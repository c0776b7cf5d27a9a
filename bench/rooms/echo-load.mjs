// node echo-load.mjs <clients> <port>…: so many clients over GNS, which send 20 messages a second each until it is
// killed.
import { NetworkClient } from "valve-sockets/message";
import { GnsSocketFactory } from "valve-sockets/socket/gns";
import { Echo, newProtocol } from "./echo-protocol.mjs";

const HZ = 20;
/** Clients take turns in sending, in so many groups. */
const GROUPS = 10;
const AT_ONCE = 20;

const [count, ...ports] = process.argv.slice(2).map(Number);
const value = new Uint8Array(60).fill(7);
const clients = [];
while (clients.length < count) {
  const some = Array.from({ length: Math.min(AT_ONCE, count - clients.length) }, async (_, at) => {
    const client = new NetworkClient({ protocol: newProtocol(), socketFactory: new GnsSocketFactory() });
    client.messageHandler.register(Echo, () => {});
    await client.connect({ host: "127.0.0.1", port: ports[(clients.length + at) % ports.length] });
    return client;
  });
  clients.push(...(await Promise.all(some)));
}
let turn = 0;
setInterval(
  () => {
    turn++;
    for (let at = turn % GROUPS; at < count; at += GROUPS) clients[at].send(Echo, value);
  },
  1000 / HZ / GROUPS,
);
process.send({ count });
