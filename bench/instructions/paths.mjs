// The hot paths whose instructions are counted. Each takes the folder of a built checkout, uses it through the entry
// points of its package, and returns how to send one batch of messages and wait until they are received.
//
// The same code measures every commit that is compared, so it uses only what they have in common.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** What one call of a path's `batch` sends. */
export const MESSAGES_PER_BATCH = 64;
const payload = new Uint8Array(64).fill(120);

function loader(folder) {
  const { resolve } = createRequire(join(folder, "package.json"));
  return (entry) => import(pathToFileURL(resolve(join("valve-sockets", entry))).href);
}

/** Between two NetworkingSockets of this process. A batch leaves when the one before it has arrived. */
async function gns(folder) {
  const api = await loader(folder)("");
  const { Library, NetworkingSockets, ConfigValue, ConnectionState } = api;
  if (!Library.initialize({ driver: "hybrid" })) throw Library.lastError;
  const [server, client] = [new NetworkingSockets(), new NetworkingSockets()];
  for (const value of [ConfigValue.SendRateMin, ConfigValue.SendRateMax]) server.setConfigValue(value, 2 ** 27);
  const address = new api.Address();
  address.setIPv4("127.0.0.1", 0);
  const listenSocket = server.createListenSocket(address);
  const outgoing = new api.OutgoingBatch(2 ** 16);
  const incoming = new api.MessageBatch({ sizeBytes: 2 ** 16 });
  let missing = 0;
  let onArrived = () => {};
  server.onReadable(() => {
    server.dispatchCallbacks(({ connection, connectionInfo: { state } }) => {
      if (state === ConnectionState.Connecting) server.acceptConnection(connection);
    });
    server.receiveBatch(api.ReceiveSource.ListenSocket, listenSocket, incoming);
    while (incoming.next()) missing--;
    if (missing <= 0) onArrived();
  });
  const connection = client.connect(server.getListenSocketAddress(listenSocket));
  await new Promise((resolve) => {
    client.onReadable(() => {
      client.dispatchCallbacks(({ connectionInfo: { state } }) => {
        if (state === ConnectionState.Connected) resolve();
      });
    });
  });
  return {
    async batch() {
      const arrived = new Promise((resolve) => {
        onArrived = resolve;
      });
      missing = MESSAGES_PER_BATCH;
      for (let index = 0; index < MESSAGES_PER_BATCH; index++) {
        outgoing.add(connection, payload, api.SendFlags.Unreliable);
      }
      client.sendBatch(outgoing);
      client.flushMessagesOnConnection(connection);
      await arrived;
    },
    close: () => client.closeConnection(connection),
  };
}

/** A Peer's reliable messages over sockets in memory, driven by hand on a clock that stands still between turns. */
async function peer(folder) {
  const load = loader(folder);
  const [{ Channel, Peer }, { MemoryNetwork, MemorySocketFactory }, { FakeClock }] = await Promise.all(
    ["peer", "socket", "testing"].map(load),
  );
  const clock = new FakeClock();
  const factory = new MemorySocketFactory(new MemoryNetwork({ clock }));
  let received = 0;
  const options = { drive: "manual", clock, encryption: null };
  const handler = { onMessage: () => received++ };
  const server = new Peer(factory.createServerSocket(), factory.maxPacketSize, handler, options);
  const client = new Peer(factory.createClientSocket(), factory.maxPacketSize, handler, options);
  const turn = () => takeTurn(clock, server, client);
  await server.bind(factory.getBindEndPoint());
  const connection = await drive(client.connect(factory.getConnectEndPoint()), turn);
  return {
    batch() {
      const wanted = received + MESSAGES_PER_BATCH;
      for (let index = 0; index < MESSAGES_PER_BATCH; index++) connection.send(payload, Channel.Reliable);
      while (received < wanted) turn();
    },
  };
}

/** Lets a client send and a server answer. */
function takeTurn(clock, server, client) {
  clock.advance(1);
  client.updateSent();
  server.updateReceive();
  server.updateSent();
  client.updateReceive();
}

/** Calls `turn` until `promise` is settled. */
async function drive(promise, turn) {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  promise.then(settle, settle);
  while (!isSettled) {
    turn();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return promise;
}

/** Seals a packet of Noise with the addon's AES-GCM and opens it again. */
async function noise(folder) {
  const load = loader(folder);
  const { PacketOpener, PacketSealer } = await load("noise");
  const primitives = (await load("noise/native")).nativePrimitives();
  const key = new Uint8Array(32).fill(7);
  const [sealer, opener] = [new PacketSealer(primitives, key), new PacketOpener(primitives, key)];
  const packet = new Uint8Array(128);
  const headerBytes = 9;
  let counter = 0;
  return {
    batch() {
      for (let index = 0; index < MESSAGES_PER_BATCH; index++) {
        packet.set(payload, headerBytes);
        const end = sealer.seal(counter, packet, 0, headerBytes, headerBytes + payload.length);
        if (opener.open(counter, packet, 0, headerBytes, end) < 0) throw new Error("a packet did not open");
        counter++;
      }
    },
  };
}

/** A client's messages to a server, both of the message layer: encode, Peer, memory, decode, handler. */
async function message(folder) {
  const load = loader(folder);
  const [layer, { MemoryNetwork, MemorySocketFactory }, { FakeClock }] = await Promise.all(
    ["message", "socket", "testing"].map(load),
  );
  const { Movement, values } = await movement(load);
  const Move = layer.defineMessage("move", Movement);
  const protocol = layer.defineProtocol({ name: "instructions", version: 1, messages: [Move] });
  const clock = new FakeClock();
  const socketFactory = new MemorySocketFactory(new MemoryNetwork({ clock }));
  const options = { protocol, socketFactory, clock, drive: "manual", peer: { encryption: null } };
  const [server, client] = [new layer.NetworkServer(options), new layer.NetworkClient(options)];
  let received = 0;
  server.messageHandler.register(Move, () => {
    received++;
  });
  const turn = () => takeTurn(clock, server, client);
  await drive(server.start(), turn);
  await drive(client.connect(), turn);
  return {
    batch() {
      const wanted = received + MESSAGES_PER_BATCH;
      for (let index = 0; index < MESSAGES_PER_BATCH; index++) client.send(Move, values[index]);
      while (received < wanted) turn();
    },
  };
}

/** The codec of a message, alone: written into the bytes of a packet, and read again. */
async function encode(folder) {
  const load = loader(folder);
  const { NetworkReader, NetworkWriter } = await load("serialization");
  const { Movement, values } = await movement(load);
  const [writer, reader] = [new NetworkWriter(), new NetworkReader()];
  return {
    batch() {
      for (let index = 0; index < MESSAGES_PER_BATCH; index++) {
        writer.reset();
        Movement.write(writer, values[index]);
        reader.reset(writer.view());
        if (Movement.read(reader).sequence !== values[index].sequence) throw new Error("another value came out");
      }
    },
  };
}

async function movement(load) {
  const { angle, bool, packed, quantized, struct } = await load("serialization");
  const position = quantized({ max: 100, precision: 0.01 });
  const values = Array.from({ length: MESSAGES_PER_BATCH }, (_, index) => ({
    ...{ sequence: 1000 + index * 37, x: Math.sin(index) * 90, y: Math.cos(index) * 80 },
    ...{ heading: ((index * 47) % 360) - 180 + 0.25, firing: index % 2 === 0 },
  }));
  return {
    Movement: struct({ sequence: packed, x: position, y: position, heading: angle({ bits: 10 }), firing: bool }),
    values,
  };
}

/** Datagrams from one of the addon's sockets to another, in batches. */
async function udp(folder) {
  const load = loader(folder);
  const { Delivery, ReceivedPacket } = await load("socket");
  const { UdpSocketFactory } = await load("socket/udp");
  const factory = new UdpSocketFactory({ port: 0 });
  const [server, client] = [factory.createServerSocket(), factory.createClientSocket()];
  for (const socket of [server, client]) socket.events = { onReadable() {} };
  await server.bind(factory.getBindEndPoint());
  const handle = await client.connect(factory.getConnectEndPoint("127.0.0.1", server.boundPort));
  const packet = new ReceivedPacket();
  return {
    async batch() {
      for (let index = 0; index < MESSAGES_PER_BATCH; index++) {
        if (!client.send(handle, payload, payload.length, Delivery.Unreliable)) throw new Error("a packet was refused");
      }
      client.flush();
      for (let missing = MESSAGES_PER_BATCH; missing > 0; ) {
        server.tick();
        for (; server.poll(); missing--) server.receive(packet);
        if (missing > 0) await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

export const paths = { gns, peer, noise, encode, message, udp };
