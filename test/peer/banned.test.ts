import { describe, expect, test } from "vitest";
import { ConnectionGuard, type Pass, type Refusal } from "../../lib/guard/connection-guard.js";
import type { LibraryConnection } from "../../lib/peer/connection/connection.js";
import { InfoQuestion } from "../../lib/peer/info-question.js";
import { FakeClock } from "../../lib/testing/index.js";
import { PeerWorld, seededBytes, text, type WorldOptions } from "../support/peer-world.js";

const HOST = "192.0.2.7";

/** A guard that sees all clients of a memory network at one address. */
class GuardOfNetwork extends ConnectionGuard {
  constructor() {
    super({}, new FakeClock());
  }

  override accept(): Pass | Refusal {
    return super.accept(HOST);
  }

  override isBanned(): boolean {
    return super.isBanned(HOST);
  }
}

async function guarded(options: WorldOptions = {}) {
  const guard = new GuardOfNetwork();
  const world = new PeerWorld({ ...options, server: { guard, info: () => text("a game"), ...options.server } });
  let answers = 0;
  const send = world.serverSocket.send.bind(world.serverSocket);
  world.serverSocket.send = (...packet) => {
    answers++;
    return send(...packet);
  };
  await world.listen();
  return { guard, world, answers: () => answers };
}

/** From now on connections have to be authenticated. */
function authenticates(world: PeerWorld): void {
  world.serverHandler.onConnected = (connection) => {
    (connection as LibraryConnection).isTrusted = false;
  };
}

describe("a datagram of a banned source gets no answer", () => {
  test("to a request to connect, and to none of its repeats; unbanned, the same client gets in", async () => {
    const { guard, world, answers } = await guarded();
    guard.ban(HOST, Number.POSITIVE_INFINITY);
    const { connection, peer } = world.dial();
    await world.run(1000);
    expect(answers()).toBe(0);
    expect(world.server.metrics).toMatchObject({ challengesSent: 0, rejectsSent: 0, connectionsOpened: 0 });
    expect(world.server.metrics.bannedPackets).toBeGreaterThan(2);
    expect(guard.counters).toMatchObject({ passed: 0, banned: 0 });
    guard.unban(HOST);
    await world.run(1000);
    await connection;
    expect(peer.connections).toHaveLength(1);
  });

  test("to a question for information, and to what is no packet of the protocol", async () => {
    const { guard, world, answers } = await guarded();
    guard.ban(HOST, Number.POSITIVE_INFINITY);
    const socket = world.factory.createClientSocket();
    const onAnswer = () => expect.unreachable("there was an answer");
    const question = new InfoQuestion(socket, {
      clock: world.clock,
      randomBytes: seededBytes(3),
      onAnswer,
      onEnd: () => {},
    });
    question.ask(world.factory.getConnectEndPoint()).catch(() => {});
    await world.run(500);
    for (let kind = 0; kind < 256; kind++) world.inject(Uint8Array.of(kind, ...seededBytes(kind)(60)));
    await world.run(100);
    expect(answers()).toBe(0);
    expect(world.server.metrics).toMatchObject({ strayPackets: 0, infoAnswersSent: 0, resetsSent: 0 });
  });

  test("but a connection that is open goes on", async () => {
    const { guard, world } = await guarded();
    const { connection } = world.dial();
    await world.run(500);
    guard.ban(HOST, Number.POSITIVE_INFINITY);
    (await connection).send(text("still here"));
    await world.run(200);
    expect(world.serverHandler.texts).toEqual(["still here"]);
    expect(world.server.metrics.bannedPackets).toBe(0);
  });
});

test.each(["reliable-lanes", "stream"] as const)("over %s a banned source hears that it is banned", async (kind) => {
  const { guard, world } = await guarded({ kind });
  guard.ban(HOST, Number.POSITIVE_INFINITY);
  const { connection } = world.dial();
  const refused = expect(connection).rejects.toThrow("The server has banned this address");
  await world.run(500);
  await refused;
});

test.each(["reliable-lanes", "stream"] as const)(
  "over %s so does one that had connected before the ban",
  async (kind) => {
    const { guard, world } = await guarded({ kind });
    const accept = guard.accept.bind(guard);
    guard.accept = () => {
      const pass = accept();
      guard.ban(HOST, Number.POSITIVE_INFINITY);
      return pass;
    };
    const { connection } = world.dial();
    const refused = expect(connection).rejects.toThrow("The server has banned this address");
    await world.run(500);
    await refused;
    expect(guard.counters).toMatchObject({ passed: 1, pending: 0, proven: 0 });
  },
);

test("who was refused by the application is not pending for ever", async () => {
  const { guard, world } = await guarded();
  world.serverHandler.beforeAccept = () => ({ code: 7, text: "no" });
  for (const passed of [1, 2]) {
    const refused = expect(world.dial().connection).rejects.toThrow("no");
    await world.run(11_000);
    await refused;
    expect(guard.counters).toMatchObject({ passed, pending: 1 });
  }
});

describe.each(["datagram", "reliable-lanes", "stream"] as const)("over %s a source is known", (kind) => {
  test("when its handshake is finished, where nobody authenticates", async () => {
    const { guard, world } = await guarded({ kind });
    world.dial();
    await world.run(500);
    expect(guard.counters).toMatchObject({ passed: 1, pending: 0, proven: 1 });
    expect(guard.export().known).toHaveLength(1);
  });

  test("only when it is authenticated, where a layer authenticates", async () => {
    const { guard, world } = await guarded({ kind });
    authenticates(world);
    const { peer } = world.dial();
    await world.run(500);
    expect(guard.counters).toMatchObject({ passed: 1, pending: 1, proven: 0 });
    expect(guard.export().known).toEqual([]);
    (world.server.connections[0] as LibraryConnection).isTrusted = true;
    expect(guard.counters).toMatchObject({ pending: 0, proven: 1 });
    expect(guard.export().known).toHaveLength(1);
    await Promise.all([peer.close(), world.run(500)]);
    expect(guard.counters).toMatchObject({ pending: 0, proven: 1 });
  });

  test("never, if it leaves before it is", async () => {
    const { guard, world } = await guarded({ kind });
    authenticates(world);
    const { peer } = world.dial();
    await world.run(500);
    await Promise.all([peer.close(), world.run(5000)]);
    expect(guard.counters).toMatchObject({ pending: 0, proven: 0 });
    expect(guard.export().known).toEqual([]);
  });
});
