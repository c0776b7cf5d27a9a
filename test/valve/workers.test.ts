import { readdirSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { native } from "../../lib/addon/native.js";
import { ConnectionState, DebugType, Library, NetworkingSockets, Result, SendType } from "../../lib/index.js";
import { seededRandom } from "../../lib/random.js";
import { addressOf, connectPeers, drivers, type Link, Peer } from "../support/peer.js";
import { WorkerPeer } from "../support/worker-peer.js";

afterEach(() => {
  while (native.initializeCount() > 0) Library.deinitialize();
});

/** Sockets of the main thread that echo what comes in, counted by connection. */
class EchoServer extends Peer {
  readonly counts = new Map<number, number>();
  readonly port: number;

  constructor() {
    super();
    const { socket, address } = this.listen();
    this.port = address.port;
    this.receiveFrom = () => {
      for (const message of this.sockets.receiveMessagesOnListenSocket(socket, 1000) ?? []) {
        this.counts.set(message.connection, (this.counts.get(message.connection) ?? 0) + 1);
        this.sockets.sendMessageToConnection(message.connection, message.data, SendType.Reliable | SendType.NoNagle);
        message.destroy();
      }
      return null;
    };
  }

  /** The end reasons that peers gave, of which `until` waits for `count`. */
  get endReasons(): number[] {
    return this.events
      .filter(({ connectionInfo }) =>
        [ConnectionState.ClosedByPeer, ConnectionState.ProblemDetectedLocally].includes(connectionInfo.state),
      )
      .map(({ connectionInfo }) => connectionInfo.endReason);
  }
}

/** A numbered message there and back, again and again, which shows that a link of the main thread is unharmed. */
async function pingPong({ server, client, socket, toServer, toClient }: Link, from: number, to: number): Promise<void> {
  const received: number[] = [];
  for (let number = from; number < to; number++) {
    client.sockets.sendMessageToConnection(toServer, Uint32Array.of(number), SendType.Reliable | SendType.NoNagle);
    await server.until(() => {
      const [message] = server.sockets.receiveMessagesOnListenSocket(socket, 1) ?? [];
      if (message === undefined) return false;
      server.sockets.sendMessageToConnection(toClient, message.data, SendType.Reliable | SendType.NoNagle);
      message.destroy();
      return true;
    });
    await client.until(() => {
      const [message] = client.sockets.receiveMessagesOnConnection(toServer, 1) ?? [];
      if (message === undefined) return false;
      received.push(new DataView(message.data.buffer, message.data.byteOffset).getUint32(0, true));
      message.destroy();
      return true;
    });
  }
  expect(received).toEqual(Array.from({ length: to - from }, (_, index) => from + index));
}

describe.each(drivers)("driver %s", (driver) => {
  test("two workers and the main thread, each with sockets of its own, talk to each other", async () => {
    expect(Library.initialize({ driver })).toBe(true);
    const main = new EchoServer();
    const workers = [new WorkerPeer(driver), new WorkerPeer(driver)] as const;
    const ports = await Promise.all(workers.map((worker) => worker.report("port")));
    const count = 500;
    for (const [index, worker] of workers.entries()) {
      worker.tell("connect", { port: main.port, count, window: 20 });
      worker.tell("connect", { port: ports[1 - index] as number, count, window: 20 });
    }
    const client = new Peer();
    const connections = ports.map((port) => client.sockets.connect(addressOf("127.0.0.1", port)));
    for (const connection of connections) {
      await client.event(ConnectionState.Connected, connection);
      for (let number = 0; number < count; number++) {
        const sent = client.sockets.sendMessageToConnection(connection, Uint32Array.of(number), SendType.Reliable);
        expect(sent).toBe(Result.OK);
      }
    }
    for (const connection of connections) {
      const echoes: number[] = [];
      await client.until(() => {
        for (const message of client.sockets.receiveMessagesOnConnection(connection, count) ?? []) {
          echoes.push(new DataView(message.data.buffer, message.data.byteOffset).getUint32(0, true));
          message.destroy();
        }
        return echoes.length >= count;
      });
      expect(echoes).toEqual(Array.from({ length: count }, (_, number) => number));
    }
    for (const [index, worker] of workers.entries()) {
      const echoed = [await worker.report("echoed"), await worker.report("echoed", 1)];
      expect(echoed.sort()).toEqual([main.port, ports[1 - index] as number].sort());
    }
    expect([...main.counts.values()]).toEqual([count, count]);
    // A main thread's and a worker's listener each with two connections, seen from both ends.
    expect(Library.statistics).toMatchObject({ connections: 12, listenSockets: 3 });
    for (const worker of workers) await worker.terminate();
    expect(Library.statistics).toMatchObject({ listenSockets: 1 });
  });

  test("100 workers terminated in mid-traffic leak nothing and harm nobody", async () => {
    expect(Library.initialize({ driver })).toBe(true);
    const random = seededRandom(100);
    const link = await connectPeers();
    const main = new EchoServer();
    const bystander = new WorkerPeer(driver);
    const bystanderPort = await bystander.report("port");
    bystander.tell("connect", { port: main.port, count: 0, window: 4 });
    const rounds = 25;
    const atOnce = 4;
    let told = 0;
    for (let round = 0; round < rounds; round++) {
      // Some hear GNS's log on the way down, and some leave closes that are still delivering.
      const workers = Array.from(
        { length: atOnce },
        (_, index) => new WorkerPeer(driver, index === 0 ? { debugLevel: DebugType.Everything } : {}),
      );
      await Promise.all(workers.map((worker) => worker.report("port")));
      const counts = new Map(main.counts);
      const known = new Set(counts.keys());
      for (const [index, worker] of workers.entries()) {
        worker.tell("connect", { port: main.port, count: 0, window: 1 + Math.floor(random() * 20) });
        worker.tell("connect", { port: bystanderPort, count: 0, window: 4 });
        if (index === 1) worker.tell("clutter", { port: 9 });
      }
      const wanted = 1 + Math.floor(random() * 60);
      const incoming = await main.until(() => {
        const found = [...main.counts].filter(([connection]) => !known.has(connection));
        return found.length === atOnce && found.every(([, count]) => count >= wanted) && found;
      });
      await Promise.all(workers.map((worker) => worker.terminate()));
      told += atOnce;
      await main.until(() => main.endReasons.length === told);
      for (const [connection] of incoming) expect(main.sockets.closeConnection(connection)).toBe(true);
      await pingPong(link, round * 4, round * 4 + 4);
    }
    expect(main.endReasons).toEqual(Array.from({ length: told }, () => 2999));
    // A worker that ended while it connected to the bystander was never a connection of his, or told him too.
    expect(new Set(bystander.reports.flatMap(({ ended }) => ended ?? []))).toEqual(new Set([2999]));
    const [longest] = [...main.counts.values()];
    await main.until(() => (main.counts.values().next().value as number) > (longest as number));
    await bystander.terminate();
    await main.until(() => main.endReasons.length === told + 1);
    main.sockets.destroy();
    expect(link.server.sockets.getQuickConnectionStatus(link.toClient)?.state).toBe(ConnectionState.Connected);
    expect(link.client.sockets.getQuickConnectionStatus(link.toServer)?.state).toBe(ConnectionState.Connected);
    expect(Library.statistics).toMatchObject({ connections: 2, listenSockets: 1, pollGroups: 0, lingering: 0 });
    link.client.sockets.destroy();
    link.server.sockets.destroy();
    expect(Library.statistics).toMatchObject({ connections: 0, listenSockets: 0 });
  });

  test.each(["at work", "stuck"])(
    "the worker that came first is terminated while it is %s: the others go on",
    async (how) => {
      const first = new WorkerPeer(driver);
      const firstPort = await first.report("port");
      expect(Library.statistics.driver).toBe(driver);
      // So far it is alone, so with the hybrid driver its event loop is the one that polls.
      const other = new WorkerPeer(driver);
      const otherPort = await other.report("port");
      expect(Library.initialize({ driver })).toBe(true);
      const main = new EchoServer();
      first.tell("connect", { port: main.port, count: 0, window: 4 });
      other.tell("connect", { port: main.port, count: 0, window: 4 });
      other.tell("connect", { port: firstPort, count: 0, window: 4 });
      const client = new Peer();
      const toOther = client.sockets.connect(addressOf("127.0.0.1", otherPort));
      await client.event(ConnectionState.Connected, toOther);
      await main.until(() => main.counts.size === 2 && [...main.counts.values()].every((count) => count > 50));
      if (driver === "hybrid") expect(Library.statistics.loopPolls).toBeGreaterThan(0);
      if (how === "stuck") {
        first.tell("hang");
        await first.report("hangs");
        const before = [...main.counts.values()].reduce((sum, count) => sum + count);
        await main.until(() => [...main.counts.values()].reduce((sum, count) => sum + count) > before + 50);
      }
      await first.terminate();
      await main.until(() => main.endReasons.length === 1);
      expect(main.endReasons).toEqual([2999]);
      expect(await other.report("ended")).toBe(2999);
      const { loopPolls } = Library.statistics;
      const before = [...main.counts.values()];
      await main.until(() => [...main.counts.values()].some((count, index) => count > (before[index] as number) + 500));
      client.sockets.sendMessageToConnection(toOther, Uint8Array.of(1), SendType.Reliable);
      await client.until(() => (client.sockets.receiveMessagesOnConnection(toOther, 1)?.length ?? 0) > 0);
      // Another event loop has taken over, and not just the helper thread.
      if (driver === "hybrid") expect(Library.statistics.loopPolls).toBeGreaterThan(loopPolls + 100);
      await other.terminate();
      await main.until(() => main.endReasons.length === 2);
      expect(main.endReasons).toEqual([2999, 2999]);
    },
  );

  test("workers terminated inside functions of the addon", async () => {
    expect(Library.initialize({ driver })).toBe(true);
    for (let round = 0; round < 20; round++) {
      const workers = [new WorkerPeer(driver), new WorkerPeer(driver)];
      for (const worker of workers) worker.tell("callOnAndOn");
      await Promise.all(workers.map((worker) => worker.report("hangs")));
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
    expect(Library.statistics).toMatchObject({ connections: 0, listenSockets: 0, pollGroups: 0 });
  });

  test("the library starts and stops 1000 times with sockets open", async () => {
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const descriptors = () => readdirSync("/proc/self/fd").length;
    const threads = () => readdirSync("/proc/self/task").length;
    const round = () => {
      expect(Library.initialize({ driver })).toBe(true);
      const sockets = new NetworkingSockets();
      sockets.onReadable(() => {});
      const socket = sockets.createListenSocket(addressOf("127.0.0.1", 0));
      const address = sockets.getListenSocketAddress(socket);
      expect(address).not.toBeNull();
      sockets.connect(address as never);
      const pair = sockets.createSocketPair(true);
      sockets.sendMessageToConnection(pair?.connectionOne ?? 0, new Uint8Array(100), SendType.Reliable);
      expect(sockets.createPollGroup()).not.toBe(0);
      Library.deinitialize();
      expect(Library.statistics.driver).toBe("none");
    };
    round();
    await turn();
    const before = [descriptors(), threads()];
    for (let count = 1; count < 1000; count++) {
      round();
      // Some in one turn of the event loop, some in turns of their own.
      if (count % 10 === 0) await turn();
    }
    await turn();
    expect([descriptors(), threads()]).toEqual(before);
    expect(Library.statistics).toMatchObject({ connections: 0, listenSockets: 0, pollGroups: 0, lingering: 0 });
  });
});
