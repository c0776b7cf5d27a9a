import { describe, expect, test } from "vitest";
import { PacketKind } from "../../lib/peer/packet-format.js";
import { text } from "../support/peer-world.js";
import { peerAt, RoamingNetwork } from "../support/roaming-network.js";
import {
  connected,
  HOME,
  keyed,
  MOBILE,
  OTHER_PORT,
  pinned,
  RoamingRecorder,
  SERVER,
} from "../support/roaming-world.js";

describe("a client whose address changes during its handshake", () => {
  async function connecting(serverConfig = keyed, clientConfig = pinned) {
    const network = new RoamingNetwork();
    const [serverHandler, clientHandler] = [new RoamingRecorder(), new RoamingRecorder()];
    const { peer: server } = peerAt(network, SERVER, serverHandler, serverConfig, 1);
    await server.bind({});
    const { peer, socket } = peerAt(network, HOME, clientHandler, clientConfig, 2);
    return { network, server, serverHandler, clientHandler, peer, socket };
  }

  const secured: [string, object, object][] = [
    ["with encryption", keyed, pinned],
    ["without", {}, {}],
  ];
  const moments = ["before it is challenged", "before it knows", "before its answer has come", "before it is accepted"];

  test.each(
    secured.flatMap(([name, server, client]) =>
      moments.map((moment, step) => [moment, name, step, server, client] as const),
    ),
  )("%s, %s, connects", async (_moment, _name, step, serverConfig, clientConfig) => {
    const { network, server, serverHandler, clientHandler, peer, socket } = await connecting(
      serverConfig,
      clientConfig,
    );
    const connection = peer.connect({ address: SERVER });
    // One way takes 20 ms.
    await network.run(5 + 20 * step, 1);
    socket.roam(MOBILE);
    await network.run(1000);
    (await connection).send(text("here"));
    await network.run(100);
    expect(serverHandler.texts).toEqual(["here"]);
    expect(serverHandler.connected[0]?.handle.address).toBe(MOBILE);
    expect(server.metrics.cookiesRefused).toBe(step < 2 ? 0 : 1);
    // What its old address has left behind goes by the timeout of handshakes.
    await network.run(6000, 20);
    expect(server.connections).toHaveLength(1);
    expect([...serverHandler.disconnected, ...clientHandler.disconnected]).toEqual([]);
  });

  test("again and again while the application decides connects once", async () => {
    const { network, serverHandler, peer, socket } = await connecting();
    let accept = (_answer: true) => {};
    const asked: string[] = [];
    serverHandler.beforeAccept = ({ address }) => {
      asked.push(address);
      return new Promise<true>((resolve) => {
        accept = resolve;
      });
    };
    const connection = peer.connect({ address: SERVER });
    for (const address of [HOME, OTHER_PORT, MOBILE]) {
      socket.roam(address);
      await network.run(600);
    }
    accept(true);
    await network.run(600);
    await connection;
    expect(asked).toEqual([HOME, OTHER_PORT, MOBILE]);
    expect(serverHandler.connected.map(({ handle }) => handle.address)).toEqual([MOBILE]);
  });

  test("answers one challenge for each repetition of its request, whoever sends more", async () => {
    const { network, peer } = await connecting();
    let requests = 0;
    network.onPacket = (from, _to, packet) => {
      if (from !== HOME || packet[0] !== PacketKind.ConnectRequest) return from !== SERVER;
      requests++;
      const nonce = packet.subarray(5, 13);
      for (let count = 0; count < 50; count++) {
        const cookie = Array.from({ length: 9 }, () => Math.floor(256 * network.random()));
        network.send(SERVER, HOME, Uint8Array.from([PacketKind.Challenge, ...nonce, ...cookie]), true);
      }
      return false;
    };
    const refused = expect(peer.connect({ address: SERVER })).rejects.toMatchObject({ code: "ERR_HANDSHAKE_TIMEOUT" });
    await network.run(5500, 10);
    await refused;
    // Every 250 ms, and one more for a challenge.
    expect(requests).toBeLessThanOrEqual(2 * (5000 / 250) + 2);
  });
});

describe("a connection that ends just as its client moves", () => {
  test.each([OTHER_PORT, MOBILE])("at the server: the client at %s hears the reason", async (address) => {
    const { network, player, client, socket, clientHandler, serverHandler, server } = await connected();
    socket.roam(address);
    player.disconnect({ code: 7, text: "bye" });
    await network.run(300);
    expect(clientHandler.disconnected).toEqual([]);
    client.send(text("?"));
    // There, the challenge, the answer, the reason; and the acknowledgement of it.
    await network.run(5 * 20 + 10);
    expect(clientHandler.disconnected).toEqual([{ code: 7, text: "bye" }]);
    await expect(player.closed).resolves.toEqual({ code: 7, text: "bye" });
    expect(serverHandler.moves).toEqual([]);
    expect(server.connections).toEqual([]);
  });

  test("at the server that stops: the client hears the reason", async () => {
    const { network, client, socket, clientHandler, server } = await connected();
    socket.roam(MOBILE);
    const closed = server.close({ code: 9, text: "closed" });
    await network.run(300);
    client.send(text("?"));
    await network.run(5 * 20 + 10);
    expect(clientHandler.disconnected).toEqual([{ code: 9, text: "closed" }]);
    await closed;
  });

  test.each([OTHER_PORT, MOBILE])(
    "at the client, now at %s: it knows at once that the server knows",
    async (address) => {
      const { network, client, socket, serverHandler } = await connected();
      socket.roam(address);
      const startMs = network.clock.now();
      let closedMs = 0;
      void client.close({ code: 8, text: "I leave" }).then(() => {
        closedMs = network.clock.now();
      });
      await network.run(300);
      expect(closedMs - startMs).toBeLessThanOrEqual(2 * 20 + 5);
      expect(serverHandler.disconnected).toEqual([{ code: 8, text: "I leave" }]);
    },
  );

  test("at the client, whose farewell has to be repeated: that is acknowledged where it came from", async () => {
    const { network, client, socket, serverHandler } = await connected();
    socket.roam(MOBILE);
    let dropped = 0;
    // The first acknowledgement is lost.
    network.onPacket = (_from, to) => to !== MOBILE || dropped++ > 0;
    let isClosed = false;
    void client.close({ code: 8, text: "I leave" }).then(() => {
      isClosed = true;
    });
    await network.run(300);
    expect([isClosed, dropped]).toEqual([true, 2]);
    expect(serverHandler.disconnected).toEqual([{ code: 8, text: "I leave" }]);
  });

  test("gives a stolen farewell at most three times its bytes, however many packets it acknowledges", async () => {
    const { network, client, socket, serverHandler } = await connected();
    // Every second packet of the client is lost, so that an Ack of the server has many ranges.
    let count = 0;
    network.onPacket = (from) => from !== HOME || count++ % 2 === 0;
    for (let sent = 0; sent < 100; sent++) {
      client.send(text("x"), 1);
      client.flush();
    }
    await network.run(30);
    let closeBytes = 0;
    network.onPacket = (from, _to, packet) => {
      if (from !== HOME) return true;
      closeBytes = packet.length;
      network.send(MOBILE, SERVER, packet.slice(), true);
      return false;
    };
    client.disconnect({ code: 1, text: "" });
    await network.run(45, 1);
    expect(serverHandler.disconnected).toHaveLength(1);
    expect(socket.address).toBe(HOME);
    const heard = network.sentBytes.get(`${SERVER} ${MOBILE}`) ?? 0;
    expect(heard).toBeGreaterThan(closeBytes);
    expect(heard).toBeLessThanOrEqual(3 * closeBytes);
  });
});
