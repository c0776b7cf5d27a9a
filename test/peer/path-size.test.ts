import { describe, expect, test } from "vitest";
import { generateServerKey } from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import { type IConnection, PeerConnectionState } from "../../lib/peer/index.js";
import { DisconnectCode, LagSocketFactory, type LagSocketFactoryOptions } from "../../lib/socket/index.js";
import { seededRandom } from "../../lib/testing/index.js";
import { PeerWorld, text, type WorldOptions } from "../support/peer-world.js";

/** How large a datagram the network carries in each direction. */
interface Most {
  up: number;
  down: number;
}

/** A world whose network carries no larger datagrams, and the sizes of the requests that were sent. */
function narrow(most: number | Most, options: WorldOptions = {}, lag: LagSocketFactoryOptions = {}) {
  const requests: number[] = [];
  const world = new PeerWorld({
    ...options,
    wrap: (factory, clock) => {
      const create = factory.createServerSocket.bind(factory);
      const filtered = (direction: keyof Most) => () => {
        const socket = create();
        const send = socket.send.bind(socket);
        socket.send = (handle, packet, length, delivery, lane) => {
          if (packet[0] === 1) requests.push(length);
          const mostBytes = typeof most === "number" ? most : most[direction];
          return length > mostBytes || send(handle, packet, length, delivery, lane);
        };
        return socket;
      };
      factory.createServerSocket = filtered("down");
      factory.createClientSocket = filtered("up");
      return new LagSocketFactory(factory, { clock, ...lag });
    },
  });
  return { world, requests };
}

describe("a path is proved for the size of its packets", () => {
  test.each([
    [1232, 1232, 2],
    [1231, 1200, 5],
    [1200, 1200, 5],
    [1199, 1128, 8],
    [1128, 1128, 8],
  ])("of %i bytes: packets have %i", async (mostBytes, sizeBytes, count) => {
    const { world, requests } = narrow(mostBytes);
    await world.listen();
    const { connection, handler } = world.dial();
    await world.run(3000);
    const client = await connection;
    expect(requests).toHaveLength(count);
    expect(requests.at(-1)).toBe(sizeBytes);
    // Both directions use packets of that size, and no larger ones.
    const reply = "b".repeat(5000);
    world.serverHandler.reply = (from) => from.send(text(reply));
    client.send(text("a".repeat(5000)));
    await world.run(3000);
    expect(world.serverHandler.texts).toEqual(["a".repeat(5000)]);
    expect(handler.texts).toEqual([reply]);
  });

  test("below that connect says what is wrong, and leaves nothing open", async () => {
    const { world } = narrow(1127);
    await world.listen();
    const { connection, peer } = world.dial();
    await world.run(6000);
    await expect(connection).rejects.toMatchObject({
      code: "ERR_PATH_TOO_SMALL",
      message: expect.stringContaining("1128 bytes"),
    });
    expect(peer.boundPort).toBeNull();
    expect(world.server.connections).toEqual([]);
  });

  test("a server that answers late is no small path", async () => {
    const { world } = narrow(1232, { factory: {} });
    const { connection } = world.dial();
    await world.run(4000);
    await world.listen();
    await world.run(2000);
    expect((await connection).state).toBe(PeerConnectionState.Connected);
  });

  test("no server is no small path", async () => {
    const { world } = narrow(1232);
    const { connection } = world.dial();
    await world.run(11_000);
    await expect(connection).rejects.toMatchObject({ code: "ERR_CONNECT_FAILED" });
  });
});

const primitives = nodePrimitives();
const key = generateServerKey(primitives);
const noise: WorldOptions = {
  server: { encryption: { primitives, serverKeys: [key.privateKey] } },
  client: { encryption: { primitives, serverKey: key.publicKey } },
};

describe.each([
  ["clear", {}],
  ["Noise", noise],
])("%s: in 100 worlds whose network begins to drop large datagrams", (_name, options) => {
  test("everything reliable arrives once and in order, or both ends learn that the path is too small", async () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = seededRandom(seed);
      const choose = () => [1400, 1232, 1200, 1100][Math.floor(random() * 4)] as number;
      const [first, later]: [Most, Most] = [
        { up: Math.max(choose(), 1128), down: choose() },
        { up: choose(), down: choose() },
      ];
      const most = { ...first };
      const lag = { latencyMs: 1 + 40 * random(), loss: seed % 3 === 0 ? 0.1 : 0, random };
      const { world } = narrow(most, options, lag);
      await world.listen();
      const { connection, handler } = world.dial();
      await world.run(5000);
      const ends: [IConnection, IConnection] = [await connection, world.serverHandler.connected[0] as IConnection];
      const sent = [[], []] as [string[], string[]];
      const startMs = world.clock.now();
      let isOver = false;
      for (let number = 0; number < 60 && !isOver; number++) {
        if (number === 20) Object.assign(most, later);
        for (const [index, end] of ends.entries()) {
          const message = `${number} ${"x".repeat(Math.floor(3000 * random()))}`;
          if (end.send(text(message))) sent[index]?.push(message);
        }
        await world.run(20);
        isOver = ends.some(({ state }) => state !== PeerConnectionState.Connected);
      }
      const received = () => [world.serverHandler.texts, handler.texts] as const;
      const isDelivered = () => received().every((texts, index) => texts.length === sent[index]?.length);
      const reasons = () => [...handler.disconnected, ...world.serverHandler.disconnected];
      while (!isDelivered() && reasons().length < 2 && world.clock.now() - startMs < 25_000) await world.run(100);
      for (const [index, texts] of received().entries()) expect(texts).toEqual(sent[index]?.slice(0, texts.length));
      const isTooSmall = Math.min(first.down, later.up, later.down) < 1128;
      if (isDelivered()) continue;
      // The Close of the first end is sent once.
      const codes = reasons().map(({ code }) => code);
      const expected = [DisconnectCode.PathTooSmall, lag.loss > 0 ? expect.any(Number) : DisconnectCode.PathTooSmall];
      expect([seed, isTooSmall, codes.sort().reverse()]).toEqual([seed, true, expected]);
    }
  });
});
