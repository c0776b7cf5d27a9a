// A crowd of clients in one process. The argument is JSON: { transport, port, clients, messages, intervalMs, first,
// hashes? }.
// Each client has a Peer and a socket of its own, sends numbered reliable messages at that interval to a server that
// echoes, and checks the echoes. Says `{ connected }` when all are, begins at `{ begin }`, ends with `{ echoed, faults,
// losses }`.
import { Peer } from "../../dist/peer/index.js";
import { GnsSocketFactory } from "../../dist/socket/gns.js";
import { UdpSocketFactory } from "../../dist/socket/udp.js";
import { WebSocketFactory } from "../../dist/socket/websocket-server.js";
import { WebTransportSocketFactory } from "../../dist/socket/webtransport-server.js";

const { transport, port, clients, messages, intervalMs, first, hashes } = JSON.parse(process.argv[2]);
const factories = {
  gns: GnsSocketFactory,
  udp: UdpSocketFactory,
  websocket: WebSocketFactory,
  webtransport: WebTransportSocketFactory,
};
const Factory = factories[transport];
const factory = new Factory({ host: "127.0.0.1", port, ...(hashes && { certificateHashes: hashes }) });
const SIZE_BYTES = 40;

class Client {
  echoed = 0;
  faults = 0;
  losses = 0;
  #sent = 0;
  #connection;
  #ball = new DataView(new ArrayBuffer(SIZE_BYTES));

  constructor(id) {
    this.#ball.setUint32(0, id);
  }

  async connect() {
    const handler = {
      onMessage: (_connection, message) => this.#check(message.view()),
      onDisconnected: () => this.losses++,
    };
    const peer = new Peer(factory.createClientSocket(), factory.maxPacketSize, handler, { handshakeTimeoutMs: 60_000 });
    this.#connection = await peer.connect(factory.getConnectEndPoint());
  }

  send() {
    if (this.#sent === messages) return;
    this.#ball.setUint32(4, this.#sent);
    if (this.#connection.send(new Uint8Array(this.#ball.buffer))) this.#sent++;
  }

  #check(bytes) {
    const echo = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const isRight = echo.getUint32(0) === this.#ball.getUint32(0) && echo.getUint32(4) === this.echoed;
    if (!isRight || bytes.length !== SIZE_BYTES) this.faults++;
    this.echoed++;
    onEcho();
  }
}

const crowd = Array.from({ length: clients }, (_, index) => new Client(first + index));
const sum = (name) => crowd.reduce((total, client) => total + client[name], 0);
let missing = clients * messages;

function onEcho() {
  if (--missing === 0) process.send({ echoed: sum("echoed"), faults: sum("faults"), losses: sum("losses") });
}

process.on("disconnect", () => process.exit());
process.on("message", () => {
  // Spread over the interval, as players are.
  for (const [index, client] of crowd.entries()) {
    setTimeout(() => setInterval(() => client.send(), intervalMs), (intervalMs * index) / clients);
  }
});

const AT_ONCE = 20;
for (let done = 0; done < clients; done += AT_ONCE) {
  await Promise.all(crowd.slice(done, done + AT_ONCE).map((client) => client.connect()));
}
process.send({ connected: clients });
