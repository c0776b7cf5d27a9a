// A NetworkServer over GNS, and a client that sends it numbered messages of 1000 bytes at up to 100 MiB/s. `<count>` is
// the server, which prints "received <count> in order", or what came in place of it. `<count> <waitMs> <port>` is the
// client, which prints "waited" that long after it began.
import { defineMessage, defineProtocol, NetworkClient, NetworkServer } from "valve-sockets/message";
import { bytesView, struct, u32 } from "valve-sockets/serialization";
import { GnsSocketFactory } from "valve-sockets/socket/gns";

const [count, waitMs, port = 0] = process.argv.slice(2).map(Number);
const Numbered = defineMessage("numbered", struct({ number: u32, padding: bytesView(1000) }));
const socketFactory = new GnsSocketFactory({
  host: "127.0.0.1",
  bindHost: "127.0.0.1",
  port,
  sendRate: 100 * 1024 * 1024,
  sendQueueBytes: 16 * 1024 * 1024,
});
const options = { protocol: defineProtocol({ name: "test", version: 1, messages: [Numbered] }), socketFactory };
const ended = ({ code, text }) => console.log(`ended ${code} ${text}`);
await (port === 0 ? serve() : send());

async function serve() {
  const server = new NetworkServer({ ...options, errorBudget: null });
  let next = 0;
  server.messageHandler.register(Numbered, ({ number }) => {
    if (number !== next) console.log(`received ${number} in place of ${next}`);
    next = number + 1;
    if (next === count) console.log(`received ${count} in order`);
    if (next === 500) console.log("begun");
  });
  server.on("disconnected", (_player, reason) => ended(reason));
  await server.start();
  console.log(`port ${server.boundPort}`);
}

async function send() {
  const client = new NetworkClient(options);
  const padding = new Uint8Array(996);
  let number = 0;
  const fill = () => {
    while (number < count && client.send(Numbered, { number, padding })) number++;
  };
  client.on("drained", fill);
  client.on("disconnected", ended);
  await client.connect();
  fill();
  setTimeout(() => console.log("waited"), waitMs);
}
