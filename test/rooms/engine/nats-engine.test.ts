import { createServer } from "node:net";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { expect, onTestFinished, test } from "vitest";
import { NatsEngine } from "../../../lib/rooms/engine/index.js";
import { type NatsCluster, startNats } from "../../../scripts/nats-cluster.mjs";
import { natsServerFromWheel, oldNatsServer } from "../../../scripts/nats-server.mjs";
import { describeEngine } from "./conformance/index.js";
import { bytes, code, text } from "./conformance/world.js";

/** An engine whose servers all end, or are frozen, in an outage. */
const worldOf = (cluster: NatsCluster, outage: () => Promise<void>, back: () => Promise<void>) => ({
  open: () => NatsEngine.connect({ servers: cluster.servers }),
  outage,
  back,
  close: () => cluster.close(),
});

describeEngine("NatsEngine, one server that is killed", async () => {
  const cluster = await startNats(1);
  const each = (act: (node: NatsCluster["nodes"][0]) => Promise<void>) => () =>
    Promise.all(cluster.nodes.map(act)).then(() => {});
  return worldOf(
    cluster,
    each((node) => node.kill()),
    each((node) => node.restart()),
  );
});

describeEngine("NatsEngine, three servers that are frozen", async () => {
  const cluster = await startNats(3);
  const send = (signal: NodeJS.Signals) => async () => {
    for (const node of cluster.nodes) node.signal(signal);
  };
  return worldOf(cluster, send("SIGSTOP"), send("SIGCONT"));
});

test("a host whose server is gone follows what others did with the rest, deletions included", async () => {
  const cluster = await startNats(3);
  onTestFinished(() => cluster.close());
  const [here, there] = cluster.servers as [string, string, string];
  const reader = await NatsEngine.connect({ servers: [here], replicas: 3 });
  const writer = await NatsEngine.connect({ servers: [there], replicas: 3 });
  onTestFinished(() => Promise.all([reader.close(), writer.close()]).then(() => {}));
  const bucket = await writer.bucket("rooms");
  const [kept, deleted] = [await bucket.create("kept", bytes("1")), await bucket.create("deleted", bytes("1"))];
  const watch = await (await reader.bucket("rooms")).watch();
  const lost = new Promise<void>((resolve) => reader.on("lost", resolve));
  await cluster.nodes[0]?.kill();
  await lost;
  expect([watch.isCurrent, watch.size]).toEqual([false, 2]);
  /** Tries again while a leader is elected; what was done without an answer is a conflict then. */
  const done = async (write: () => Promise<unknown>) => {
    for (;;) {
      const error = await write().then(
        () => null,
        ({ code }) => code,
      );
      if (error === null || error === "ERR_CONFLICT") return;
      expect(["ERR_NOT_CONNECTED", "ERR_TIMEOUT"]).toContain(error);
    }
  };
  await done(() => bucket.update("kept", bytes("2"), kept));
  await done(() => bucket.delete("deleted", deleted));
  await done(() => bucket.create("new", bytes("1")));
  // It may be back already, over another server.
  await cluster.nodes[0]?.restart();
  while (!watch.isCurrent || watch.get("new") === undefined) {
    await done(async () => (await reader.bucket("rooms")).get("kept"));
  }
  const found = [...watch.entries()].map(({ key, value }) => [key, text(value)]).sort();
  expect(found).toEqual([
    ["kept", "2"],
    ["new", "1"],
  ]);
}, 120_000);

test("hosts that open the same new buckets and logs at once write to them at once", async () => {
  const cluster = await startNats(3);
  onTestFinished(() => cluster.close());
  const open = (server: string) => NatsEngine.connect({ servers: [server], replicas: 3, timeoutMs: 4000 });
  const engines = await Promise.all(cluster.servers.map(open));
  onTestFinished(() => Promise.all(engines.map((engine) => engine.close())).then(() => {}));
  const written = await Promise.all(
    engines.map(async (engine, at) => {
      const bucket = await engine.bucket("new");
      const created = await bucket.create(`key${at}`, bytes("1"));
      const log = await engine.log("new");
      return [created, await log.append(`subject${at}`, bytes("1"), { expected: 0n, id: `${at}` })];
    }),
  );
  // What looked for the leader has left nothing behind.
  const orders = [0, 1].map((place) => written.map((revisions) => revisions[place]).sort());
  expect(orders).toEqual([
    [1n, 2n, 3n],
    [1n, 2n, 3n],
  ]);
}, 120_000);

test("what was made on one server is kept on three when an engine of three opens it", async () => {
  const cluster = await startNats(3);
  onTestFinished(() => cluster.close());
  const open = async (replicas: number) => {
    const engine = await NatsEngine.connect({ servers: cluster.servers, replicas });
    onTestFinished(() => engine.close());
    await Promise.all([engine.bucket("kept"), engine.log("kept")]);
  };
  await open(1);
  await open(3);
  const connection = await connect({ servers: cluster.servers });
  onTestFinished(() => connection.close());
  const { streams } = await jetstreamManager(connection);
  for (const stream of ["KV_kept", "LOG_kept"]) expect((await streams.info(stream)).config.num_replicas).toBe(3);
}, 120_000);

test("user and password of an address are the server's, and a wrong password is not shown", async () => {
  const cluster = await startNats(1, { more: 'authorization { user: game, password: "s@cret" }' });
  onTestFinished(() => cluster.close());
  const [server] = cluster.servers;
  const engine = await NatsEngine.connect({ servers: [`nats://game:s%40cret@${server}`] });
  await engine.bucket("rooms");
  await engine.close();
  const error = await NatsEngine.connect({ servers: [`nats://game:wr0ng@${server}`] }).catch((cause) => cause);
  expect([error.code, `${error} ${error.cause}`]).toEqual(["ERR_CONNECT_FAILED", expect.not.stringContaining("wr0ng")]);
});

/** A server on loopback that says this when somebody connects. */
async function speaker(text: string): Promise<string> {
  const server = createServer((socket) => socket.on("error", () => {}).write(text));
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

test("Debian's server of 2.9 is refused: several writers win one key there", async () => {
  const program = await oldNatsServer();
  if (program === null) throw new Error("This test needs apt-get, for Debian's nats-server");
  const cluster = await startNats(1, { program });
  onTestFinished(() => cluster.close());
  const wanted = { code: "ERR_ENGINE_VERSION", message: expect.stringContaining("2.9.10") };
  await expect(NatsEngine.connect({ servers: cluster.servers })).rejects.toEqual(expect.objectContaining(wanted));
});

test("the server of the wheel, which tests take where Go is missing, is taken", async () => {
  const cluster = await startNats(1, { program: await natsServerFromWheel() });
  onTestFinished(() => cluster.close());
  const engine = await NatsEngine.connect({ servers: cluster.servers });
  expect(engine.connected).toBe(true);
  await engine.close();
});

test("where no server answers, or something else does, connect says where", async () => {
  const [address] = [await speaker("HTTP/1.1 400 Bad Request\r\n\r\n")];
  for (const server of ["127.0.0.1:1", address]) {
    const wanted = { code: "ERR_CONNECT_FAILED", message: expect.stringContaining(server) };
    await expect(NatsEngine.connect({ servers: [server], timeoutMs: 2000 })).rejects.toEqual(
      expect.objectContaining(wanted),
    );
  }
});

test.each([
  [{ servers: "a" }, "ERR_INVALID_ARG_TYPE"],
  [{ servers: [] }, "ERR_OUT_OF_RANGE"],
  [{ servers: [5] }, "ERR_INVALID_ARG_TYPE"],
  [{ servers: ["a"], replicas: 2 }, "ERR_OUT_OF_RANGE"],
  [{ servers: ["a"], replica: 3 }, "ERR_UNKNOWN_OPTION"],
  [{ servers: ["a"], timeoutMs: 0 }, "ERR_OUT_OF_RANGE"],
  [{}, "ERR_INVALID_ARG_TYPE"],
])("wrong options are told: %j", async (options, wanted) => {
  await expect(NatsEngine.connect(options as never)).rejects.toEqual(code(wanted));
});
