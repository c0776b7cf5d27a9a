import { describe, expect, test } from "vitest";
import { defineMessage, defineProtocol, type INetworkPlayer } from "../../lib/message/index.js";
import { Channel, type IConnection } from "../../lib/peer/index.js";
import { bytes, u8 } from "../../lib/serialization/index.js";
import { MessageWorld } from "../support/message-world.js";

const Ball = defineMessage("ball", u8);
const Bulk = defineMessage("bulk", bytes(50_000));
const newProtocol = () => defineProtocol({ name: "host", version: 1, messages: [Ball, Bulk] });

async function hosted(drive: "automatic" | "manual", tickRate = 0) {
  const world = new MessageWorld({ protocol: newProtocol(), server: { drive, tickRate }, client: { drive } });
  const client = world.newClient();
  await world.server.start({ localClient: client });
  const { server } = world;
  const update = () => {
    server.updateReceive();
    server.updateSent();
    client.updateReceive();
    client.updateSent();
  };
  if (drive === "manual") for (let round = 0; round < 5; round++) update();
  await world.until(() => client.isAuthenticated);
  return { world, server, client, player: server.localPlayer as INetworkPlayer, update };
}

describe.each([
  ["automatic", 0],
  ["automatic", 30],
  ["manual", 0],
] as const)("a host, %s with tick rate %i", (drive, tickRate) => {
  test("never calls a handler from inside of a send", async () => {
    const { world, server, client, update } = await hosted(drive, tickRate);
    let depth = 0;
    let deepest = 0;
    let rounds = 0;
    const bounce = (send: () => void) => {
      depth++;
      deepest = Math.max(deepest, depth);
      if (++rounds < 20) send();
      depth--;
    };
    server.messageHandler.register(Ball, (value, player) => bounce(() => player.send(Ball, value)));
    client.messageHandler.register(Ball, (value) => bounce(() => client.send(Ball, value)));
    client.send(Ball, 1);
    expect(rounds).toBe(0);
    for (let round = 0; round < 30; round++) {
      if (drive === "manual") update();
      else await world.run(40, 10);
    }
    expect(rounds).toBe(20);
    expect(deepest).toBe(1);
  });
});

test("driven by hand, nothing comes outside of the receive phase, and what comes meanwhile waits", async () => {
  const { world, server, client, player } = await hosted("manual");
  const heard: string[] = [];
  server.messageHandler.register(Ball, (value) => void heard.push(`server ${value}`));
  client.messageHandler.register(Ball, (value) => {
    heard.push(`client ${value}`);
    client.send(Ball, value + 1);
  });
  player.send(Ball, 1);
  await world.run(200);
  expect(heard).toEqual([]);
  client.updateReceive();
  expect(heard).toEqual(["client 1"]);
  client.updateReceive();
  expect(heard).toEqual(["client 1"]);
  server.updateReceive();
  expect(heard).toEqual(["client 1", "server 2"]);
});

test("serves remote players at once, and its own client in the same way", async () => {
  const { world, server, client } = await hosted("automatic");
  const remote = await world.join();
  const heard: string[] = [];
  server.messageHandler.register(Ball, (value, player) => {
    server.sendToAll(Ball, value, { exclude: player });
  });
  client.messageHandler.register(Ball, (value) => void heard.push(`host ${value}`));
  remote.client.messageHandler.register(Ball, (value) => void heard.push(`remote ${value}`));
  client.send(Ball, 1);
  remote.client.send(Ball, 2);
  await world.run(200);
  expect(heard.sort()).toEqual(["host 2", "remote 1"]);
  expect(server.players.map(({ isHost }) => isHost)).toEqual([true, false]);
});

test("goes on when its own client leaves, and disconnects that client when it stops", async () => {
  const { world, server, client } = await hosted("automatic");
  const remote = await world.join();
  void client.disconnect();
  await world.run(100);
  expect(server.isHost).toBe(false);
  expect(client.active).toBe(false);
  expect(server.players).toEqual([remote.player]);
  const stopped = server.stop();
  await world.run(3000);
  await stopped;
  await server.start({ localClient: client });
  await world.until(() => client.isAuthenticated);
  void server.stop({ code: 7, text: "closing time" });
  const reasons: unknown[] = [];
  client.on("disconnected", (reason) => void reasons.push(reason));
  await world.run(3000);
  expect(reasons).toEqual([{ code: 7, text: "closing time" }]);
});

test("without a socket has a client of its own", async () => {
  const world = new MessageWorld({ protocol: newProtocol(), server: { listen: false } });
  const client = world.newClient();
  await world.server.start({ localClient: client });
  await world.until(() => client.isAuthenticated);
  expect(world.server.boundPort).toBe(null);
  await expect(world.server.start()).rejects.toMatchObject({ code: "ERR_STATE" });
  await expect(client.connect()).rejects.toMatchObject({ code: "ERR_STATE" });
});

test("does not count in maxConnections, and beforeAccept is not asked about it", async () => {
  const asked: string[] = [];
  const beforeAccept = ({ address }: { address: string }) => {
    asked.push(address);
    return true as const;
  };
  const server = { peer: { maxConnections: 1 }, beforeAccept };
  const world = new MessageWorld({ protocol: newProtocol(), kind: "stream", server });
  const client = world.newClient();
  await world.server.start({ localClient: client });
  expect(client.isConnected).toBe(true);
  const remote = await world.join();
  await world.until(() => client.isAuthenticated);
  expect(world.server.players.length).toBe(2);
  expect(asked.length).toBe(1);
  expect(client.player).toMatchObject({ isHost: true, security: "authenticated", roundTripTimeMs: 0 });
  expect(client.player).toMatchObject({ address: "host", transport: "memory" });
  await expect(world.join()).rejects.toMatchObject({ code: "ERR_SERVER_FULL" });
  expect(remote.player.isHost).toBe(false);
});

test("stays connected while one of its ends is not driven", async () => {
  const { world, client, server } = await hosted("manual");
  for (let second = 0; second < 60; second++) {
    server.updateReceive();
    server.updateSent();
    await world.run(1000, 500);
  }
  client.updateReceive();
  expect(client.isAuthenticated).toBe(true);
  expect(server.isHost).toBe(true);
});

test("stops at once, though its client does not read what it was sent", async () => {
  const { server, client, player } = await hosted("manual");
  player.send(Bulk, new Uint8Array(50_000));
  const reasons: unknown[] = [];
  client.on("disconnected", (reason) => void reasons.push(reason));
  await server.stop({ code: 7, text: "closing time" });
  for (let frame = 0; frame < 2; frame++) client.updateReceive();
  expect(reasons).toEqual([{ code: 7, text: "closing time" }]);
});

describe("the link", () => {
  const pair = async () => {
    const { world, client, player } = await hosted("automatic");
    return { world, client, player, connection: client.player?.connection as IConnection };
  };

  test("refuses what its queue does not hold, and says when there is space again", async () => {
    const { world, client } = await pair();
    const drained: unknown[] = [];
    client.on("drained", (player) => void drained.push(player));
    world.server.messageHandler.register(Bulk, () => {});
    let taken = 0;
    while (client.send(Bulk, new Uint8Array(50_000))) taken++;
    expect(taken).toBe(Math.floor(2 ** 20 / 50_005));
    expect(client.player?.connection?.sendBudget.bytesFree).toBeLessThan(50_005);
    await world.run(100);
    expect(drained).toEqual([client.player]);
    expect(client.player?.connection?.bufferedBytes).toBe(0);
    expect(client.send(Bulk, new Uint8Array(50_000))).toBe(true);
  });

  test("has the limits of every connection", async () => {
    const { connection } = await pair();
    const tooLarge = expect.objectContaining({ code: "ERR_MESSAGE_SIZE" });
    expect(() => connection.send(new Uint8Array(60_001))).toThrow(tooLarge);
    expect(() => connection.send(new Uint8Array(16_385), Channel.Unreliable)).toThrow(tooLarge);
    expect(() => connection.send(new Uint8Array(1), Channel.Notify)).toThrow(RangeError);
    expect(() => connection.send(new Uint8Array(1), Channel.Reliable, 4)).toThrow(RangeError);
    expect(() => connection.send(new Uint8Array(1), Channel.Reliable, 0, 1, 1)).toThrow(RangeError);
    expect(() => connection.disconnect({ code: 1000, text: "" })).toThrow(RangeError);
  });

  test("tells of every notify message whether it was delivered, at its end too", async () => {
    const { world, client, player } = await pair();
    world.server.messageHandler.register(Ball, () => {});
    const first = client.notify(Ball, 1);
    await world.run(50);
    expect(await first).toBe(true);
    const second = client.notify(Ball, 2);
    player.disconnect({ code: 1, text: "" });
    await world.run(50);
    expect(await second).toBe(false);
    expect(client.active).toBe(false);
  });

  test("carries streams of any length, with credit", async () => {
    const { world, player, connection } = await pair();
    const size = 1_000_000;
    let received = 0;
    let isRight = true;
    (player.connection as IConnection).onStream = (_header, accept) => {
      void (async () => {
        for await (const chunk of accept() as unknown as AsyncIterable<Uint8Array>) {
          isRight &&= chunk.every((byte, index) => byte === (received + index) % 251);
          received += chunk.length;
        }
      })();
    };
    const stream = connection.openStream(Uint8Array.of(1));
    const writer = stream.writable.getWriter();
    const written = writer.write(Uint8Array.from({ length: size }, (_, index) => index % 251));
    const closed = writer.close();
    await world.run(500, 1);
    await Promise.all([written, closed]);
    expect(received).toBe(size);
    expect(isRight).toBe(true);
  });
});

test("what the host's client sends as soon as it is authenticated arrives without further traffic", async () => {
  const world = new MessageWorld({ protocol: newProtocol() });
  const client = world.newClient();
  const received: number[] = [];
  world.server.messageHandler.register(Ball, (ball) => void received.push(ball));
  client.on("authenticated", (player) => player.send(Ball, 7));
  await world.server.start({ localClient: client });
  await world.run(50);
  expect(received).toEqual([7]);
});

test("a client with another protocol cannot be the host's: start says what differs", async () => {
  const world = new MessageWorld({ protocol: newProtocol() });
  const other = defineProtocol({ name: "host", version: 2, messages: [Ball, Bulk] });
  const stranger = world.newClient({ protocol: other });
  await expect(world.server.start({ localClient: stranger })).rejects.toMatchObject({
    code: "ERR_PROTOCOL_MISMATCH",
    message: "protocol version: server 1, client 2",
  });
  expect([world.server.active, stranger.active]).toEqual([false, false]);
  await world.server.start({ localClient: world.newClient() });
  await world.until(() => world.server.localPlayer?.isAuthenticated === true);
});
