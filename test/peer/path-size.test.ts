import { describe, expect, test } from "vitest";
import { PeerConnectionState } from "../../lib/peer/index.js";
import { PeerWorld, text, type WorldOptions } from "../support/peer-world.js";

/** A world whose network carries no datagram above `mostBytes`, and the sizes of the requests that were sent. */
function narrow(mostBytes: number, options: WorldOptions = {}) {
  const requests: number[] = [];
  const world = new PeerWorld({
    ...options,
    wrap: (factory) => {
      const create = factory.createServerSocket.bind(factory);
      const filtered = () => {
        const socket = create();
        const send = socket.send.bind(socket);
        socket.send = (handle, packet, length, delivery, lane) => {
          if (packet[0] === 1) requests.push(length);
          return length > mostBytes || send(handle, packet, length, delivery, lane);
        };
        return socket;
      };
      factory.createServerSocket = filtered;
      factory.createClientSocket = filtered;
      return factory;
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
