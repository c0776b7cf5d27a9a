// The three sides of a flood, a process each; the arguments are a role and JSON. Over IPC each says what it has done.
// server { transport, host }: says { port }, then answers every message with { heapBytes, players }.
// players { transport, host, port, count, seconds }: `count` players who send 20 reliable and 20 unreliable messages a
//   second and get them back; at { begin }, newcomers besides, one after the other, for `seconds`. Says { connected },
//   and at the end { sent, answered, lost, isInOrder, newcomers, inTime, codes }.
// attackers { transport, host, port, sources, rate, seconds, fingerprint }: `rate` new connections a second, from the
//   addresses `sources` (empty: as the system routes them). Says { tried }.
import { createSocket } from "node:dgram";
import { connect as connectTcp } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Address, Library, NetworkingSockets } from "../../dist/index.js";
import { Channel, defineMessage, defineProtocol, NetworkClient, NetworkServer } from "../../dist/message/index.js";
import { writeConnectRequest } from "../../dist/peer/handshake/handshake-packets.js";
import { struct, u32 } from "../../dist/serialization/index.js";
import { GnsSocketFactory } from "../../dist/socket/gns.js";
import { UdpSocketFactory } from "../../dist/socket/udp.js";
import { WebSocketFactory } from "../../dist/socket/websocket-server.js";

const Ball = defineMessage("ball", struct({ number: u32 }));
const Ping = defineMessage("ping", struct({ number: u32 }));
const protocol = defineProtocol({ name: "flood", version: 1, messages: [Ball, Ping] });
const factories = { udp: UdpSocketFactory, gns: GnsSocketFactory, websocket: WebSocketFactory };
const HERTZ = 20;
const NEWCOMER_LIMIT_MS = 5000;

async function server({ transport, host }) {
  const socketFactory = new factories[transport]({ port: 0, bindHost: host });
  const server = new NetworkServer({ protocol, socketFactory });
  server.messageHandler.register(Ball, (ball, player) => void player.send(Ball, ball));
  server.messageHandler.register(Ping, (ping, player) => void player.send(Ping, ping, Channel.Unreliable));
  await server.start();
  process.on("message", async () => {
    // What the first finds, the second frees.
    for (let count = 0; count < 2; count++) {
      globalThis.gc();
      await sleep(10);
    }
    const { heapUsed, external } = process.memoryUsage();
    process.send({ heapBytes: heapUsed + external, players: server.players.length });
  });
  process.send({ port: server.boundPort });
}

async function players({ transport, host, port, count, seconds }) {
  const create = () => new NetworkClient({ protocol, socketFactory: new factories[transport]({ host, port }) });
  const all = [];
  for (let index = 0; index < count; index++) {
    const client = create();
    const player = { client, balls: 0, pings: 0, isInOrder: true, isLost: false };
    client.messageHandler.register(Ball, ({ number }) => {
      player.isInOrder &&= number === player.balls;
      player.balls++;
    });
    client.messageHandler.register(Ping, () => void player.pings++);
    await client.connect();
    client.on("disconnected", () => {
      player.isLost = true;
    });
    all.push(player);
  }
  process.send({ connected: all.length });
  await new Promise((resolve) => process.once("message", resolve));
  let beats = 0;
  const total = seconds * HERTZ;
  const timer = setInterval(() => {
    if (beats === total) return;
    for (const { client } of all) {
      client.send(Ball, { number: beats });
      client.send(Ping, { number: beats }, Channel.Unreliable);
    }
    beats++;
  }, 1000 / HERTZ);
  const newcomers = { newcomers: 0, inTime: 0, codes: {} };
  while (beats < total) {
    const client = create();
    newcomers.newcomers++;
    try {
      await client.connect({ signal: AbortSignal.timeout(NEWCOMER_LIMIT_MS) });
      newcomers.inTime++;
      void client.disconnect();
    } catch ({ code, name }) {
      newcomers.codes[code ?? name] = (newcomers.codes[code ?? name] ?? 0) + 1;
    }
    await sleep(100);
  }
  clearInterval(timer);
  // What is on its way arrives, sent again if need be.
  for (let waits = 0; waits < 100 && all.some(({ balls, isLost }) => balls < total && !isLost); waits++)
    await sleep(100);
  const sum = (count) => all.reduce((result, player) => result + count(player), 0);
  process.send({
    sent: total * count,
    returned: sum(({ balls }) => balls),
    answered: sum(({ pings }) => pings),
    lost: sum(({ isLost }) => Number(isLost)),
    isInOrder: all.every(({ isInOrder }) => isInOrder),
    ...newcomers,
  });
}

/** Calls `open` so often that it is `rate` times a second, as far as this process keeps up. */
async function attack({ rate, seconds }, open) {
  const end = performance.now() + seconds * 1000;
  const start = performance.now();
  let tried = 0;
  while (performance.now() < end) {
    const wanted = ((performance.now() - start) * rate) / 1000;
    for (let count = 0; tried < wanted && count < 200; count++) {
      open(tried);
      tried++;
    }
    await sleep(1);
  }
  process.send({ tried });
}

/** Requests with ever new nonces; the cookies that come are sent back. */
async function attackUdp(settings) {
  const { host, port, sources, fingerprint } = settings;
  const request = (nonce, cookie) => {
    const sizes = { maxPacketSize: 1200, maxReliableMessageSize: 60_000 };
    const fields = { profile: 0, security: 0, ...sizes, fingerprint: Buffer.from(fingerprint, "hex") };
    return writeConnectRequest({ ...fields, nonce, cookie }, null);
  };
  const sockets = [];
  for (const source of sources) {
    for (let count = 0; count < 25; count++) {
      const socket = createSocket("udp4");
      await new Promise((resolve) => socket.bind(0, source, resolve));
      socket.on("error", () => {});
      socket.on("message", (packet) => {
        if (packet[0] === 2) socket.send(request(packet.subarray(1, 9), packet.subarray(9)), port, host);
      });
      sockets.push(socket);
    }
  }
  const nonce = Buffer.alloc(8);
  await attack(settings, (number) => {
    nonce.writeUInt32LE(number);
    sockets[number % sockets.length].send(request(nonce, new Uint8Array(0)), port, host);
  });
}

const UPGRADE = [
  "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
].join("\r\n");

/** TCP connections that are upgraded and then silent, or say nothing at all. Few thousand are open at once. */
async function attackWebSocket(settings) {
  const { host, port, sources } = settings;
  let open = 0;
  await attack(settings, (number) => {
    if (open > 3000) return;
    open++;
    const socket = connectTcp({ host, port, localAddress: sources[number % sources.length], allowHalfOpen: true });
    socket.on("error", () => {});
    socket.on("end", () => socket.destroy());
    socket.on("close", () => open--);
    socket.resume();
    if (number % 2 === 0) socket.on("connect", () => socket.write(UPGRADE));
  });
}

/** Connections of GNS on which nothing follows. `host` may be several addresses: each is reached from another one. */
async function attackGns(settings) {
  const { host, port } = settings;
  Library.initialize();
  const sockets = new NetworkingSockets();
  const addresses = host.split(",").map((text) => {
    const address = new Address();
    address.setAddress(text, port);
    return address;
  });
  let open = 0;
  sockets.onReadable(() => {
    sockets.dispatchCallbacks(({ connection, connectionInfo }) => {
      if (connectionInfo.state <= 3) return;
      sockets.closeConnection(connection);
      open--;
    });
  });
  await attack(settings, (number) => {
    if (open < 2000 && sockets.connect(addresses[number % addresses.length])) open++;
  });
}

const attackers = (settings) =>
  ({ udp: attackUdp, websocket: attackWebSocket, gns: attackGns })[settings.transport]({
    ...settings,
    fingerprint: Buffer.from(protocol.fingerprint).toString("hex"),
  });

process.on("disconnect", () => process.exit());
const [role, settings] = process.argv.slice(2);
await { server, players, attackers }[role](JSON.parse(settings));
