import { describe, expect, test } from "vitest";
import {
  defineProtocol,
  NetworkClient,
  type NetworkClientOptions,
  NetworkServer,
  type NetworkServerOptions,
  PlayerState,
} from "../../lib/message/index.js";
import { ReconnectLoop } from "../../lib/message/time/reconnect-loop.js";
import { generateServerKey } from "../../lib/noise/index.js";
import { nodePrimitives } from "../../lib/noise/node-primitives.js";
import { Channel } from "../../lib/peer/index.js";
import { DisconnectCode, type ISocket, MemorySocketFactory } from "../../lib/socket/index.js";
import { FakeClock, seededRandom } from "../../lib/testing/index.js";
import { MessageWorld } from "../support/message-world.js";
import { seededBytes } from "../support/peer-world.js";

const newProtocol = (version = 1) => defineProtocol({ name: "reconnect", version, messages: [] });
const primitives = nodePrimitives();
const { publicKey, privateKey } = generateServerKey(primitives);

test("the pauses are 0.5 s and then twice as long each time, up to 10 s, 25 % more or less", () => {
  const clock = new FakeClock();
  const pauses: number[][] = [];
  for (let seed = 1; seed <= 200; seed++) {
    let startMs = clock.now();
    const own: number[] = [];
    const loop: ReconnectLoop = new ReconnectLoop(clock, seededRandom(seed), () => {
      own.push(clock.now() - startMs);
      startMs = clock.now();
      if (own.length < 8) loop.wait();
    });
    loop.wait();
    clock.advance(60_000);
    pauses.push(own);
  }
  for (const [index, expected] of [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000].entries()) {
    const all = pauses.map((own) => own[index] as number);
    expect(Math.min(...all)).toBeGreaterThanOrEqual(0.75 * expected);
    expect(Math.max(...all)).toBeLessThanOrEqual(1.25 * expected);
    expect(Math.max(...all) - Math.min(...all)).toBeGreaterThan(0.4 * expected);
  }
});

test("the pauses begin again after a connection of 10 s, and grow on after shorter ones", () => {
  const clock = new FakeClock();
  const attemptsMs: number[] = [];
  const lastsMs = [1, 9999, 100, 10_000, 100];
  const loop: ReconnectLoop = new ReconnectLoop(
    clock,
    () => 0.5,
    () => {
      attemptsMs.push(clock.now());
      const ms = lastsMs[attemptsMs.length - 1];
      if (ms === undefined) return;
      loop.connected();
      clock.setTimeout(() => loop.wait(), ms);
    },
  );
  loop.wait();
  clock.advance(60_000);
  const pauses = attemptsMs.map((ms, index) => ms - (attemptsMs[index - 1] ?? 0) - (lastsMs[index - 1] ?? 0));
  expect(pauses).toEqual([500, 1000, 2000, 4000, 500, 1000]);
});

class KillableFactory extends MemorySocketFactory {
  server: ISocket | null = null;
  /** Larger packets do not arrive. */
  mostBytes = Number.POSITIVE_INFINITY;

  override createServerSocket(): ISocket {
    const socket = super.createServerSocket();
    const send = socket.send.bind(socket);
    socket.send = (handle, packet, length, delivery, lane) =>
      length > this.mostBytes || send(handle, packet, length, delivery, lane);
    this.server ??= socket; // Clients may get theirs here as well.
    return socket;
  }
}

/** A server that can be killed, and started again, and a client that has joined it. */
async function joined(client: Partial<NetworkClientOptions>, server: Partial<NetworkServerOptions> = {}) {
  const encryption = { primitives, serverKey: publicKey };
  const peer = { random: seededRandom(7), encryption };
  const world = new MessageWorld({ protocol: newProtocol(), client: { peer, ...client } });
  const factory = new KillableFactory(world.network, { kind: "datagram" });
  let starts = 0;
  const start = async (options: Partial<NetworkServerOptions> = {}) => {
    const one = new NetworkServer({
      protocol: newProtocol(),
      socketFactory: factory,
      clock: world.clock,
      randomBytes: seededBytes(100 + starts++),
      peer: { encryption: { primitives, serverKeys: [privateKey] } },
      logger: { warn: () => {} },
      ...server,
      ...options,
    });
    await one.start();
    return one;
  };
  const first = await start();
  const there = new NetworkClient({
    protocol: newProtocol(),
    socketFactory: factory,
    clock: world.clock,
    randomBytes: seededBytes(50),
    peer,
    logger: { warn: () => {} },
    onError: (error) => void world.errors.push(error),
    ...client,
  });
  const log: string[] = [];
  for (const event of ["started", "authenticated", "suspended", "resumed", "disconnected"] as const) {
    there.on(event, () => void log.push(event));
  }
  const connecting = there.connect();
  await world.until(() => there.isAuthenticated);
  await connecting;
  log.length = 0;
  const stop = async () => {
    const stopping = first.stop();
    await world.until(() => log.includes("disconnected"));
    await world.run(100);
    await stopping;
  };
  return { world, factory, client: there, first, start, stop, log, kill: () => factory.server?.close() };
}

describe("a client with `reconnect`", () => {
  test("is back within a second of its first packet to the server that was killed and runs again", async () => {
    const { world, client, start, log, kill } = await joined({ reconnect: true, pingIntervalMs: 100 });
    const before = client.player;
    await kill();
    const second = await start();
    await world.until(() => log.includes("authenticated"));
    expect(log).toEqual(["disconnected", "started", "authenticated"]);
    expect(client.player).not.toBe(before);
    expect(second.players).toHaveLength(1);
    expect(world.clock.now()).toBeLessThan(2000);
  });

  test.each([{}, { sessions: {} }])("is back when the server's process has ended: %j", async (server) => {
    const { world, factory, client, start, log, kill } = await joined({ reconnect: true }, server);
    const reasons: number[] = [];
    client.on("disconnected", ({ code }) => void reasons.push(code));
    factory.server?.events?.onExit?.();
    factory.server?.flush();
    await kill();
    await start();
    await world.until(() => log.includes("authenticated"));
    expect(log).toEqual(["disconnected", "started", "authenticated"]);
    expect(reasons).toEqual([DisconnectCode.ProcessEnded]);
  });

  test.each([{}, { sessions: null }])(
    "tries to resume first where the server had sessions, and hears that it does not know this one: %j",
    async (later) => {
      const options = { reconnect: true, pingIntervalMs: 100 };
      const { world, client, start, log, kill } = await joined(options, { sessions: {} });
      const reasons: number[] = [];
      client.on("disconnected", ({ code }) => void reasons.push(code));
      await kill();
      await start(later);
      await world.until(() => log.includes("authenticated"));
      expect(log).toEqual(["suspended", "disconnected", "started", "authenticated"]);
      expect(reasons).toEqual([DisconnectCode.SessionUnknown]);
    },
  );

  test("comes back when the path carries large packets again", async () => {
    const { world, factory, first, log } = await joined({ reconnect: true });
    factory.mostBytes = 1100;
    // Its padded Pings are what does not arrive.
    for (let passed = 0; !log.includes("disconnected") && passed < 20_000; passed += 100) {
      first.players[0]?.connection?.send(new Uint8Array(1100), Channel.Unreliable);
      await world.run(100, 50);
    }
    factory.mostBytes = Number.POSITIVE_INFINITY;
    await world.until(() => log.includes("authenticated"), 50);
    expect(log).toContain("disconnected");
  });

  test("goes on until the server is there again", async () => {
    const { world, stop, start, log, client } = await joined({ reconnect: true });
    await stop();
    await world.run(60_000, 50);
    expect(client.isConnected).toBe(false);
    expect(log.filter((event) => event === "started").length).toBeGreaterThan(4);
    await start();
    await world.until(() => client.isAuthenticated, 50);
    expect(world.errors).toEqual([]);
  });

  test("asks ever less often where the server falls at everybody who joins", async () => {
    const { world, client, start, stop, log } = await joined({ reconnect: true });
    await stop();
    const fall = async (server: NetworkServer) => {
      server.on("authenticated", () => void server.stop().then(async () => fall(await start())));
    };
    await fall(await start());
    await world.run(60_000);
    const times = log.filter((event) => event === "authenticated").length;
    expect(times).toBeGreaterThanOrEqual(6);
    expect(times).toBeLessThan(12);
    const leaving = client.disconnect();
    await world.run(1000);
    await leaving;
  });

  test("does not come back after a `disconnect`, its own or the server's", async () => {
    for (const side of ["client", "server"] as const) {
      const { world, client, first, log } = await joined({ reconnect: true });
      if (side === "client") void client.disconnect();
      else first.players[0]?.disconnect({ code: 7, text: "go" });
      await world.run(20_000, 50);
      expect(log).toEqual(["disconnected"]);
    }
  });

  test("stops trying with `disconnect`, while it waits and in an attempt", async () => {
    for (const waitMs of [100, 800]) {
      const { world, client, stop, log } = await joined({ reconnect: true });
      await stop();
      await world.run(waitMs);
      void client.disconnect();
      log.length = 0;
      await world.run(30_000, 50);
      expect([log.includes("started"), client.active]).toEqual([false, false]);
    }
  });

  test("gives up at a refusal that lasts, and tells onError", async () => {
    const { world, client, stop, start, log } = await joined({ reconnect: true });
    await stop();
    await start({ beforeAccept: () => ({ code: 9, text: "members only" }) });
    await world.run(30_000, 50);
    expect(log).toEqual(["disconnected", "started"]);
    expect(world.errors).toMatchObject([{ code: "ERR_REFUSED", reason: { code: 9 } }]);
    expect(client.active).toBe(false);
  });

  test("leaves it to a listener of `disconnected` that connects", async () => {
    const { world, client, stop, start, log } = await joined({ reconnect: true });
    const forget = client.on("disconnected", () => {
      forget();
      client.connect().catch(() => {});
    });
    await stop();
    await start();
    await world.until(() => client.isAuthenticated, 50);
    await world.run(5000, 50);
    expect(log).toEqual(["disconnected", "started", "authenticated"]);
  });
});

test("without `reconnect`, a `connect` in `disconnected` gives a new player where the session is unknown", async () => {
  const { world, client, start, log, kill } = await joined({ pingIntervalMs: 100 }, { sessions: {} });
  const before = client.player;
  client.on("disconnected", ({ code }) => {
    if (code === DisconnectCode.SessionUnknown) void client.connect();
  });
  await kill();
  const second = await start();
  await world.until(() => log.includes("authenticated"));
  expect(log).toEqual(["suspended", "disconnected", "started", "authenticated"]);
  expect(client.player).not.toBe(before);
  expect(second.players).toHaveLength(1);
});

test("without `reconnect` it stays away, and with a failed first `connect` too", async () => {
  const { world, client, stop, start, log } = await joined({});
  await stop();
  await start();
  await world.run(20_000, 50);
  expect([log, client.active]).toEqual([["disconnected"], false]);
  const lonely = world.newClient({ reconnect: true });
  const failed = lonely.connect({ port: 9 }).catch(({ code }) => code);
  await world.run(30_000, 50);
  expect([await failed, lonely.active, lonely.player?.state ?? PlayerState.Disconnected]).toEqual([
    "ERR_CONNECT_FAILED",
    false,
    PlayerState.Disconnected,
  ]);
});
