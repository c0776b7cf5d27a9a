import { describe, expect, test } from "vitest";
import { ConnectionGuard } from "../../lib/guard/index.js";
import { Channel } from "../../lib/peer/index.js";
import { PacketKind } from "../../lib/peer/packet-format.js";
import { DisconnectCode } from "../../lib/socket/index.js";
import { text } from "../support/peer-world.js";
import { peerAt, RoamingNetwork } from "../support/roaming-network.js";
import {
  connected,
  expectNothingLost,
  HOME,
  keyed,
  MOBILE,
  numbered,
  OTHER_PORT,
  pinned,
  RoamingRecorder,
  SERVER,
  talk,
} from "../support/roaming-world.js";

describe("the connection of a client", () => {
  test.each([
    ["whose NAT gives it another port", OTHER_PORT],
    ["that has gone to another network", MOBILE],
  ])("%s follows it, and nothing is lost", async (_name, address) => {
    const world = await connected();
    await talk(world, 10);
    world.socket.roam(address);
    await talk(world, 10, 20, 10);
    await world.network.run(1000);
    expectNothingLost(world, 20);
    expect(world.serverHandler.moves).toEqual([`${HOME} -> ${address}`]);
    expect(world.clientHandler.moves).toEqual([]);
    expect([world.serverHandler.connected.length, world.clientHandler.connected.length]).toEqual([1, 1]);
    expect(world.player.handle.address).toBe(address);
    expect(world.player.metrics.pathMoves).toBe(1);
    expect(world.client.metrics.strayPackets + world.player.metrics.strayPackets).toBe(0);
  });

  test("that says nothing itself is found again by its sign of life", async () => {
    const world = await connected();
    world.socket.roam(OTHER_PORT);
    await world.network.run(3000);
    expect(world.serverHandler.moves).toHaveLength(1);
    world.player.send(text("there you are"));
    await world.network.run(100);
    expect(world.clientHandler.texts).toEqual(["there you are"]);
  });

  test("is heard within two round trips at its new address", async () => {
    const world = await connected();
    await talk(world, 10);
    world.socket.roam(MOBILE);
    const sentMs = world.network.clock.now();
    world.client.send(text("c10"));
    world.player.send(text("s10"));
    while (world.clientHandler.texts.length < 11) await world.network.run(5);
    // One for the challenge, and half of one for what was sent into the void and comes again.
    expect(world.network.clock.now() - sentMs).toBeLessThanOrEqual(2 * 40 + 10);
  });

  test.each([2, 20])(
    "whose challenges are lost for a second has the round trip of the last, %i times 2 ms",
    async (delay) => {
      const world = await connected();
      await talk(world, 10);
      world.socket.roam(MOBILE);
      const startMs = world.network.clock.now();
      world.network.delayMs = 2 * delay;
      world.network.onPacket = (_from, to) => to !== MOBILE || world.network.clock.now() > startMs + 1000;
      await talk(world, 70, 20, 10);
      expect(world.serverHandler.moves).toHaveLength(1);
      expect(world.player.roundTripTimeMs).toBeGreaterThan(3.9 * delay);
      expect(world.player.roundTripTimeMs).toBeLessThan(4 * delay + 10);
      await world.network.run(1000);
      expectNothingLost(world, 80);
    },
  );

  test("is acknowledged from its new address on at once", async () => {
    const world = await connected();
    await talk(world, 10);
    await world.network.run(500);
    world.socket.roam(MOBILE);
    world.client.send(text("c10"));
    // There, the challenge, the answer, the acknowledgement.
    await world.network.run(4 * 20 + 5);
    expect(world.client.bufferedBytes).toBe(0);
  });

  test("that the server has sent into the void for long gets it with the first packet after the move", async () => {
    const world = await connected();
    await talk(world, 10);
    await world.network.run(100);
    world.socket.roam(OTHER_PORT);
    world.player.send(text("s10"));
    await world.network.run(1400);
    expect(world.serverHandler.moves).toEqual([]);
    world.client.send(text("c10"));
    await world.network.run(4 * 20 + 5);
    expectNothingLost(world, 11);
  });

  test("that moves at the last moment has its whole timeout again", async () => {
    const world = await connected(keyed, { ...pinned, timeoutMs: 60_000 });
    const { network, client, socket } = world;
    let heardMs = 0;
    network.onPacket = (from) => {
      if (from === HOME) heardMs = network.clock.now() + network.delayMs;
    };
    client.send(text("c0"));
    await network.run(500);
    const cutMs = heardMs;
    network.onPacket = () => false;
    await network.run(cutMs + 9920 - network.clock.now());
    network.onPacket = () => true;
    socket.roam(OTHER_PORT);
    client.send(text("c1"));
    await network.run(500);
    expect(world.serverHandler.moves).toHaveLength(1);
    expect(world.serverHandler.disconnected).toEqual([]);
  });

  test("leaves no answer to its request behind at its old address", async () => {
    const network = new RoamingNetwork();
    const handler = new RoamingRecorder();
    const { peer: server } = peerAt(network, SERVER, handler, keyed, 1);
    await server.bind({});
    const { peer, socket } = peerAt(network, HOME, new RoamingRecorder(), pinned, 2);
    const requests: Uint8Array[] = [];
    const accepts: string[] = [];
    network.onPacket = (from, _to, packet) => {
      if (from === HOME && packet[0] === PacketKind.ConnectRequest) requests.push(packet.slice());
      if (from === SERVER && packet[0] === PacketKind.Accept) accepts.push(Buffer.from(packet).toString("hex"));
    };
    const connection = peer.connect({ address: SERVER });
    await network.run(300);
    const repeat = async () => {
      network.send(HOME, SERVER, (requests.at(-1) as Uint8Array).slice(), true);
      await network.run(100);
    };
    await repeat();
    socket.roam(OTHER_PORT);
    (await connection).send(text("c0"));
    await network.run(200);
    expect(handler.moves).toHaveLength(1);
    await repeat();
    expect([accepts.length, new Set(accepts).size]).toEqual([3, 2]);
  });

  test("begins packet sizes anew in another network, and keeps them behind another port", async () => {
    for (const [address, bytes] of [
      [OTHER_PORT, 1232],
      [MOBILE, 1128],
    ] as const) {
      const world = await connected();
      await talk(world, 20);
      expect(world.player.metrics.maxPacketSize).toBe(1232);
      // Padded probes do not arrive any more.
      world.network.onPacket = (from, _to, packet) => from !== SERVER || packet.length < 1129;
      world.socket.roam(address);
      world.client.send(text("c20"));
      world.player.send(text("s20"));
      await world.network.run(200);
      expect(world.serverHandler.moves).toHaveLength(1);
      expect([address, world.player.metrics.maxPacketSize]).toEqual([address, bytes]);
    }
  });

  test("that sends and receives in bulk goes on at full speed", async () => {
    const world = await connected();
    const message = new Uint8Array(1000);
    const fill = () => {
      while (world.player.send(message));
    };
    world.serverHandler.onDrain = fill;
    fill();
    await world.network.run(200);
    world.socket.roam(MOBILE);
    world.client.send(text("c"));
    await world.network.run(400);
    const before = world.clientHandler.messages.length;
    await world.network.run(200);
    // The first ten packets of a round trip have doubled several times.
    expect(world.clientHandler.messages.length - before).toBeGreaterThan(500);
    expect(world.serverHandler.disconnected).toEqual([]);
  });

  test("is established although its address changes before its first packet", async () => {
    const network = new RoamingNetwork();
    const [serverHandler, clientHandler] = [new RoamingRecorder(), new RoamingRecorder()];
    const { peer: server } = peerAt(network, SERVER, serverHandler, keyed, 1);
    await server.bind({});
    const { peer, socket } = peerAt(network, HOME, clientHandler, pinned, 2);
    const connection = peer.connect({ address: SERVER });
    network.onPacket = (from, _to, [kind]) => from !== HOME || kind !== PacketKind.Data;
    await network.run(300);
    socket.roam(MOBILE);
    (await connection).send(text("here"));
    await network.run(500);
    expect(serverHandler.texts).toEqual(["here"]);
    expect(serverHandler.moves).toEqual([`${HOME} -> ${MOBILE}`]);
    serverHandler.connected[0]?.send(text("hello"));
    await network.run(100);
    expect(clientHandler.texts).toEqual(["hello"]);
  });

  test("stays where it is when a packet is only late", async () => {
    const world = await connected();
    let held: Uint8Array | null = null;
    world.network.onPacket = (from, _to, packet) => {
      if (from === HOME && !held) {
        held = packet;
        return false;
      }
      return true;
    };
    world.client.send(text("c0"));
    await world.network.run(5);
    world.client.send(text("c1"));
    await world.network.run(100);
    world.network.send(MOBILE, SERVER, held as unknown as Uint8Array, true);
    await world.network.run(1000);
    expect(world.serverHandler.moves).toEqual([]);
    expect(world.network.sentBytes.has(`${SERVER} ${MOBILE}`)).toBe(false);
    expect(world.serverHandler.texts).toEqual(["c0", "c1"]);
  });

  test("that the server is ending follows it too, so that everything arrives before the reason", async () => {
    const world = await connected();
    world.socket.roam(OTHER_PORT);
    world.player.send(text("the last word"));
    world.player.disconnect({ code: 7, text: "bye" });
    await world.network.run(20);
    world.client.send(text("?"));
    await world.network.run(2000);
    expect(world.clientHandler.texts).toEqual(["the last word"]);
    expect(world.clientHandler.disconnected).toEqual([{ code: 7, text: "bye" }]);
    expect(world.serverHandler.moves).toEqual([]);
  });

  test("without encryption stays behind, and ends by its timeout", async () => {
    const world = await connected({}, {});
    world.socket.roam(OTHER_PORT);
    world.client.send(text("c0"));
    await world.network.run(12_000, 20);
    expect(world.serverHandler.texts).toEqual([]);
    expect(world.serverHandler.moves).toEqual([]);
    expect(world.serverHandler.disconnected).toMatchObject([{ code: DisconnectCode.Timeout }]);
    expect(world.clientHandler.disconnected).toMatchObject([{ code: DisconnectCode.Timeout }]);
  });

  test("tells notify messages that were on their way to another network as lost", async () => {
    const world = await connected();
    await talk(world, 10);
    const told: string[] = [];
    world.socket.roam(MOBILE);
    const callbacks = { onDelivered: () => told.push("delivered"), onLost: () => told.push("lost") };
    world.player.sendNotify(text("n"), callbacks);
    world.client.send(text("c"), Channel.Unreliable);
    await world.network.run(1000);
    expect(told).toEqual(["lost"]);
  });
});

describe("an address", () => {
  test("that a client has left may be another's, and both go on", async () => {
    const world = await connected();
    await talk(world, 5);
    world.socket.roam(MOBILE);
    await talk(world, 5, 20, 5);
    const handler = new RoamingRecorder();
    const { peer } = peerAt(world.network, HOME, handler, pinned, 3);
    const connection = peer.connect({ address: SERVER });
    await world.network.run(300);
    (await connection).send(text("the stranger"));
    await talk(world, 5, 20, 10);
    await world.network.run(500);
    expect(world.serverHandler.texts).toContain("the stranger");
    expect(world.clientHandler.texts).toEqual(numbered("s", 15));
    expect([...world.serverHandler.disconnected, ...world.clientHandler.disconnected]).toEqual([]);
    expect(world.server.connections).toHaveLength(2);
  });

  test("that another connection has goes to whoever answers there, and the other one times out", async () => {
    const world = await connected();
    const handler = new RoamingRecorder();
    const { peer, socket } = peerAt(world.network, MOBILE, handler, pinned, 3);
    const connection = peer.connect({ address: SERVER });
    await world.network.run(300);
    await connection;
    // It goes away without a word, and its address is given to the other one.
    socket.roam("10.0.0.7:1");
    world.network.onPacket = (from) => from !== "10.0.0.7:1";
    world.socket.roam(MOBILE);
    await talk(world, 20);
    await world.network.run(500);
    expect(world.serverHandler.moves).toEqual([`${HOME} -> ${MOBILE}`]);
    expectNothingLost(world, 20);
    await talk(world, 120, 100, 20);
    expect(world.serverHandler.disconnected).toMatchObject([{ code: DisconnectCode.Timeout }]);
    expect(world.clientHandler.disconnected).toEqual([]);
    // A client that connects anew from there is the same one, started again.
    world.socket.roam("10.0.0.8:1");
    const { peer: next } = peerAt(world.network, MOBILE, new RoamingRecorder(), pinned, 4);
    const again = next.connect({ address: SERVER });
    await world.network.run(300);
    await again;
    expect(world.serverHandler.disconnected).toMatchObject([
      { code: DisconnectCode.Timeout },
      { code: DisconnectCode.Replaced },
    ]);
  });

  test("that is banned gets no connection by moving", async () => {
    const network = new RoamingNetwork();
    const guard = new ConnectionGuard({}, network.clock);
    const world = await connected({ ...keyed, guard });
    guard.ban("10.9.9.9", Number.POSITIVE_INFINITY);
    world.socket.roam(MOBILE);
    world.client.send(text("c0"));
    await world.network.run(1000);
    expect([world.serverHandler.moves, world.serverHandler.texts]).toEqual([[], []]);
    world.socket.roam(OTHER_PORT);
    await world.network.run(3000);
    expect(world.serverHandler.moves).toEqual([`${HOME} -> ${OTHER_PORT}`]);
    expect(world.serverHandler.texts).toEqual(["c0"]);
  });
});
