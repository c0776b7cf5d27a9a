import { describe, expect, test } from "vitest";
import { generateServerKey } from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import { writeReset } from "../../lib/peer/handshake/resets.js";
import { Channel, PeerConnectionState } from "../../lib/peer/index.js";
import { PacketKind } from "../../lib/peer/packet-format.js";
import type { PeerConfig } from "../../lib/peer/peer-config.js";
import { Delivery, type IConnectionHandle, ReceivedPacket } from "../../lib/socket/index.js";
import { seededRandom } from "../../lib/testing/index.js";
import { PeerWorld, Recorder, seededBytes, text } from "../support/peer-world.js";

const primitives = nodePrimitives();
const key = generateServerKey(primitives);
const withKey = (...serverKeys: string[]): Partial<PeerConfig> => ({ encryption: { primitives, serverKeys } });
const server = withKey(key.privateKey);
const pinned: Partial<PeerConfig> = { encryption: { primitives, serverKey: key.publicKey } };
const FORGOTTEN = "The server does not know this connection any more: it was started again";

/** The server's process is killed, and another one takes its address. */
async function restart(world: PeerWorld, config: Partial<PeerConfig> = server) {
  await world.serverSocket.close();
  const socket = world.factory.createServerSocket();
  const peer = world.newPeer(socket, new Recorder(), config);
  await peer.bind(world.factory.getBindEndPoint());
  return { peer, socket };
}

/** Somebody who sends what it likes to the server, and keeps what it hears. */
async function stranger(world: PeerWorld) {
  const socket = world.factory.createClientSocket();
  const handle = await socket.connect(world.factory.getConnectEndPoint());
  const heard: Uint8Array[] = [];
  const packet = new ReceivedPacket();
  const hear = () => {
    socket.tick();
    while (socket.poll()) {
      socket.receive(packet);
      heard.push(packet.buffer.slice(packet.offset, packet.offset + packet.length));
    }
  };
  return {
    heard,
    async say(...packets: Uint8Array[]) {
      for (const bytes of packets) socket.send(handle, bytes, bytes.length, Delivery.Unreliable, 0);
      socket.flush();
      await world.run(5);
      hear();
    },
  };
}

function dataPacket(session: number, size: number): Uint8Array {
  const packet = new Uint8Array(size).fill(0x55);
  packet[0] = PacketKind.Data;
  if (size >= 5) new DataView(packet.buffer).setUint32(1, session, true);
  return packet;
}

const resetsOf = (packets: Uint8Array[]) => packets.filter(([kind]) => kind === PacketKind.Reset);

describe("a client of a server that was killed and started again", () => {
  test("takes the connection as lost with its next packet, and can connect again", async () => {
    const { world, client, clientHandler } = await PeerWorld.connected({ server, client: pinned });
    const { peer } = await restart(world);
    await world.run(50);
    expect(clientHandler.disconnected).toEqual([]);
    client.send(text("are you there?"));
    await world.run(10);
    expect(clientHandler.disconnected).toEqual([{ code: 1003, text: FORGOTTEN }]);
    expect(peer.metrics.resetsSent).toBe(1);
    const next = world.dial();
    await world.run(100);
    expect((await next.connection).state).toBe(PeerConnectionState.Connected);
  });

  test("hears of it although it encrypts without a pinned key", async () => {
    const client = { encryption: { primitives } };
    const { world, client: connection, clientHandler } = await PeerWorld.connected({ server, client });
    await restart(world);
    connection.send(text("?"));
    await world.run(10);
    expect(clientHandler.disconnected).toEqual([{ code: 1003, text: FORGOTTEN }]);
  });

  test("hears of it by its keep-alive when it has nothing to say", async () => {
    const { world, clientHandler } = await PeerWorld.connected({ server, client: pinned });
    await restart(world);
    await world.run(4000, 50);
    expect(clientHandler.disconnected).toEqual([{ code: 1003, text: FORGOTTEN }]);
  });

  test.each([
    ["another key", withKey(generateServerKey(primitives).privateKey), pinned],
    ["no key", { encryption: { primitives } }, pinned],
    ["nothing encrypted", { encryption: { ...server.encryption, required: false } } as Partial<PeerConfig>, {}],
  ])("waits for its timeout with %s", async (_name, config, clientConfig) => {
    const before = { encryption: { primitives, serverKeys: [key.privateKey], required: false } };
    const { world, client, clientHandler } = await PeerWorld.connected({ server: before, client: clientConfig });
    await restart(world, config);
    client.send(text("?"));
    await world.run(9000, 50);
    expect(clientHandler.disconnected).toEqual([]);
    await world.run(3000, 50);
    expect(clientHandler.disconnected).toMatchObject([{ code: 1000 }]);
  });
});

describe("an attacker", () => {
  test.each([1, 2, 3])("who forges tokens, or repeats another connection's, ends nothing, seed %i", async (seed) => {
    const { world, client, clientHandler } = await PeerWorld.connected({ server, client: pinned });
    const addresses: IConnectionHandle[] = [];
    const resets: Uint8Array[] = [];
    world.tap = (packet, handle) => {
      if (packet[0] === PacketKind.Reset) resets.push(packet.slice());
      else if (packet[0] === PacketKind.Data) addresses.push(handle.copy());
    };
    world.serverHandler.connected[0]?.send(text("hi"));
    await world.run(50);
    const toClient = addresses[0] as IConnectionHandle;
    const session = (client as unknown as { session: number }).session;
    // A Reset of another client's session, seen on its way.
    const other = await stranger(world);
    await other.say(dataPacket(session ^ 1, 100));
    expect(resets).toHaveLength(1);
    const stolen = (resets[0] as Uint8Array).subarray(5);
    const random = seededBytes(seed);
    const forged = [writeReset(session, stolen), writeReset(session ^ 1, stolen)];
    for (let count = 0; count < 1000; count++) forged.push(writeReset(session, random(16)));
    forged.push(writeReset(session, new Uint8Array(16)), writeReset(session, stolen).subarray(0, 20));
    for (const packet of forged) world.serverSocket.send(toClient, packet, packet.length, Delivery.Unreliable, 0);
    world.serverSocket.flush();
    await world.run(50);
    expect(clientHandler.disconnected).toEqual([]);
    client.send(text("still here"));
    await world.run(50);
    expect(world.serverHandler.texts).toContain("still here");
  });

  test("who flips one bit of the true Reset ends nothing, and the true one does", async () => {
    const { world, client, clientHandler } = await PeerWorld.connected({ server, client: pinned });
    const { socket } = await restart(world);
    let reset: { packet: Uint8Array; handle: IConnectionHandle } | undefined;
    let isWatching = true;
    world.tap = (packet, handle) => {
      if (packet[0] !== PacketKind.Reset || !isWatching) return;
      reset ??= { packet: packet.slice(), handle: handle.copy() };
      packet[20] = (packet[20] as number) ^ 1; // On its way to the client.
    };
    client.send(text("?"));
    await world.run(20);
    const { packet, handle } = reset as unknown as { packet: Uint8Array; handle: IConnectionHandle };
    const say = async (bytes: Uint8Array) => {
      isWatching = false;
      socket.send(handle, bytes, bytes.length, Delivery.Unreliable, 0);
      isWatching = true;
      socket.flush();
      await world.run(5);
    };
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const altered = packet.slice();
      altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
      await say(altered);
    }
    for (let size = 1; size < packet.length; size++) await say(packet.slice(0, size));
    expect(clientHandler.disconnected).toEqual([]);
    await say(packet);
    expect(clientHandler.disconnected).toEqual([{ code: 1003, text: FORGOTTEN }]);
  });

  test("who connects often learns tokens that fit no other session or address", async () => {
    const world = new PeerWorld({ server });
    await world.listen();
    const tokens = new Set<string>();
    for (let index = 0; index < 20; index++) {
      const { heard, say } = await stranger(world);
      // The same sessions for all addresses.
      await say(...Array.from({ length: 20 }, (_, session) => dataPacket(session, 40)));
      for (const packet of resetsOf(heard)) tokens.add(Buffer.from(packet.subarray(5)).toString("hex"));
    }
    expect(tokens.size).toBe(400);
  });

  test.each([1, 2, 3])("cannot use a server as a reflector: less comes out than went in, seed %i", async (seed) => {
    const world = new PeerWorld({ server });
    await world.listen();
    const random = seededRandom(seed);
    const { heard, say } = await stranger(world);
    let bytes = 0;
    for (let count = 0; count < 600; count++) {
      const size = 1 + Math.floor(random() * 60);
      const before = heard.length;
      await say(dataPacket(Math.floor(random() * 2 ** 32), size));
      bytes += size;
      const answers = heard.slice(before);
      expect(answers.length).toBe(size >= 26 ? 1 : 0);
      for (const answer of answers) expect(answer.length).toBeLessThan(size);
      // An answer to an answer: two servers would talk for ever.
      const sofar = heard.length;
      await say(...answers);
      expect(heard.length).toBe(sofar);
    }
    expect(heard.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(bytes / 2);
  });

  test("gets at most 500 answers at once and less than 100 a second", async () => {
    const world = new PeerWorld({ server });
    await world.listen();
    const { heard, say } = await stranger(world);
    const flood = Array.from({ length: 2000 }, (_, session) => dataPacket(session, 100));
    await say(...flood.slice(0, 1000));
    await say(...flood.slice(1000));
    expect(heard.length).toBeGreaterThanOrEqual(500);
    expect(heard.length).toBeLessThan(505);
    await world.run(1000);
    await say(...flood.slice(0, 1000));
    expect(heard.length).toBeLessThan(605);
    expect(world.server.metrics.resetsSent).toBe(heard.length);
  });

  test("who sends packets of a living connection from elsewhere gets no answer", async () => {
    const { world, client, clientHandler } = await PeerWorld.connected({ server, client: pinned });
    const { heard, say } = await stranger(world);
    const session = (client as unknown as { session: number }).session;
    await say(dataPacket(session, 100));
    expect(heard).toEqual([]);
    client.send(text("x"), Channel.Reliable);
    await world.run(50);
    expect(clientHandler.disconnected).toEqual([]);
  });
});
