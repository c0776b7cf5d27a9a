import { describe, expect, test } from "vitest";
import {
  Channel,
  type Credential,
  defineAuthenticator,
  defineCredential,
  defineMessage,
  defineProtocol,
  NetworkClient,
  NetworkServer,
  PlayerState,
} from "../../lib/message/index.js";
import { u8 } from "../../lib/serialization/index.js";
import { DisconnectCode, type DisconnectReason, type ISocket, MemorySocketFactory } from "../../lib/socket/index.js";
import { CuttableFactory, MessageWorld } from "../support/message-world.js";

const Note = defineMessage("note", u8);
const newProtocol = () => defineProtocol({ name: "attempts", version: 1, messages: [Note] });

/** Where a socket can be held up. */
type Point = "before bind" | "after bind" | "before connect" | "after connect";

/** A factory whose sockets wait at the points that a test closes, and which counts those that are open. */
class GatedFactory extends MemorySocketFactory {
  readonly closed = new Set<Point>();
  readonly open = new Set<ISocket>();
  readonly #waiting: (() => void)[] = [];

  release(): void {
    this.closed.clear();
    for (const go of this.#waiting.splice(0)) go();
  }

  override createServerSocket(): ISocket {
    const socket = super.createServerSocket();
    const { bind, connect, close } = socket;
    let isClosed = false;
    socket.bind = async (endPoint) => {
      await this.#pass("before bind");
      await bind.call(socket, endPoint);
      if (!isClosed) this.open.add(socket);
      await this.#pass("after bind");
    };
    socket.connect = async (...to) => {
      await this.#pass("before connect");
      const handle = await connect.apply(socket, to);
      if (!isClosed) this.open.add(socket);
      await this.#pass("after connect");
      return handle;
    };
    socket.close = async () => {
      isClosed = true;
      this.open.delete(socket);
      await close.call(socket);
    };
    return socket;
  }

  override createClientSocket(): ISocket {
    return this.createServerSocket();
  }

  async #pass(point: Point): Promise<void> {
    if (this.closed.has(point)) await new Promise<void>((go) => this.#waiting.push(go));
  }
}

const bindPoints = ["in one turn", "before bind", "after bind"] as const;

describe.each(bindPoints)("a server that is stopped while it starts, %s,", (point) => {
  async function stopped() {
    const world = new MessageWorld({ protocol: newProtocol() });
    const socketFactory = new GatedFactory(world.network, { kind: "stream" });
    const server = new NetworkServer({ protocol: newProtocol(), socketFactory, clock: world.clock });
    if (point !== "in one turn") socketFactory.closed.add(point);
    const starting = server.start();
    starting.catch(() => {});
    if (point !== "in one turn") await world.run(20);
    const stopping = server.stop();
    return { world, socketFactory, server, starting, stopping };
  }

  test("rejects the start, and leaves nothing bound", async () => {
    const { world, socketFactory, server, starting, stopping } = await stopped();
    await expect(starting).rejects.toMatchObject({ code: "ERR_CLOSED" });
    socketFactory.release();
    await world.run(100);
    await stopping;
    expect([server.active, server.boundPort, socketFactory.open.size]).toEqual([false, null, 0]);
  });

  test("starts again in the same turn", async () => {
    const { world, socketFactory, server, starting, stopping } = await stopped();
    const again = server.start();
    await expect(starting).rejects.toMatchObject({ code: "ERR_CLOSED" });
    socketFactory.release();
    await world.run(100);
    await Promise.all([stopping, again]);
    expect([server.active, socketFactory.open.size]).toEqual([true, 1]);
    await server.stop();
    expect(socketFactory.open.size).toBe(0);
  });

  test("is stopped after closeTimeoutMs at the latest", async () => {
    const { world, stopping } = await stopped();
    let isDone = false;
    void stopping.then(() => {
      isDone = true;
    });
    await world.run(2100);
    expect(isDone).toBe(true);
  });
});

describe.each(["listening", "without a socket"])("a host, %s, that is stopped while it starts", (kind) => {
  test.each([0, 1, 2, 3, 5, 8, 13])("after %i microtasks leaves neither server nor client", async (microtasks) => {
    const server = { listen: kind === "listening" };
    const world = new MessageWorld({ protocol: newProtocol(), kind: "stream", server });
    const client = world.newClient();
    const starting = world.server.start({ localClient: client });
    starting.catch(() => {});
    for (let index = 0; index < microtasks; index++) await Promise.resolve();
    const stopping = world.server.stop();
    await world.run(3000, 50);
    await stopping;
    await starting.catch((error) => expect(error).toMatchObject({ code: "ERR_CLOSED" }));
    expect([world.server.active, client.active, world.server.isHost, world.server.players.length]).toEqual([
      false,
      false,
      false,
      0,
    ]);
    const again = world.server.start({ localClient: client });
    await world.until(() => client.isAuthenticated);
    await again;
    expect(world.server.players.length).toBe(1);
  });
});

test("a stop beside a stop, and one after it, wait for the same end", async () => {
  const world = new MessageWorld({ protocol: newProtocol(), kind: "stream" });
  await world.server.start();
  const [one, other] = [world.server.stop(), world.server.stop()];
  await world.run(100);
  await Promise.all([one, other, world.server.stop()]);
  expect(world.server.active).toBe(false);
});

describe.each(["datagram", "reliable-lanes", "stream"] as const)("over %s, a stop inside a handler", (kind) => {
  async function stoppedByNote(tickRate: number, andThen: (world: MessageWorld) => void = () => {}) {
    const world = new MessageWorld({ protocol: newProtocol(), kind, server: { tickRate } });
    const heard: unknown[] = [];
    const { server } = world;
    server.messageHandler.register(Note, (value) => {
      heard.push(value);
      if (value !== 1) return;
      void server.stop();
      andThen(world);
    });
    server.on("disconnected", (_player, reason) => void heard.push(reason));
    server.on("stopped", () => void heard.push("stopped"));
    const starting = server.start();
    await world.run(50);
    await starting;
    const { client } = await world.join();
    return { world, server, client, heard };
  }

  test.each([0, 30])("comes after what has arrived behind its message: tickRate %i", async (tickRate) => {
    const { world, client, heard } = await stoppedByNote(tickRate);
    client.send(Note, 1, Channel.Unreliable);
    client.send(Note, 2, Channel.Unreliable);
    void client.disconnect({ code: 5, text: "bye" });
    await world.run(200);
    // Over the other kinds the end is no part of a packet, and comes later by itself.
    const { code } = heard[2] as DisconnectReason;
    expect(heard).toEqual([1, 2, expect.anything(), "stopped"]);
    if (kind === "datagram") expect(code).toBe(5);
    expect(world.server.active).toBe(false);
  });

  test("is done before a start in the same turn, and undone by no other", async () => {
    const outcomes: string[] = [];
    const { world, server, client, heard } = await stoppedByNote(0, () => {
      server.start().catch(({ code }) => outcomes.push(code));
      void server.stop();
      void server.start().then(() => outcomes.push("started"));
    });
    client.send(Note, 1);
    await world.run(3000, 50);
    expect(heard).toEqual([
      1,
      { code: DisconnectCode.ServerStopped, text: "The server has stopped" },
      "stopped",
      "stopped",
    ]);
    expect([outcomes, server.active]).toEqual([["ERR_CLOSED", "started"], true]);
    await world.join();
    expect(server.players).toHaveLength(1);
  });
});

const connectPoints = [
  "in one turn",
  "before connect",
  "after connect",
  "the server's silence",
  "the credential's proof",
  "the server's proof",
] as const;

/** A client that has come as far as `point`, and waits there; `release` lets go of whatever it waits for. */
async function halfway(point: (typeof connectPoints)[number]) {
  const gates: (() => void)[] = [];
  const wait = () => new Promise<void>((go) => gates.push(go));
  let isHeld = true;
  const credential: Credential = {
    method: "name",
    prove: async () => {
      if (isHeld && point === "the credential's proof") await wait();
      return Uint8Array.of(1);
    },
    confirm: async () => {
      if (isHeld && point === "the server's proof") await wait();
      return true;
    },
  };
  const authentication = { authenticators: [defineAuthenticator("name", u8, () => ({}))] };
  const world = new MessageWorld({ protocol: newProtocol(), kind: "stream", server: { authentication } });
  const socketFactory = new GatedFactory(world.network, { kind: "stream" });
  if (point !== "the server's silence") await world.server.start();
  else await world.factory.createServerSocket().bind(world.factory.getBindEndPoint());
  const client = new NetworkClient({ protocol: newProtocol(), socketFactory, credential, clock: world.clock });
  if (point === "before connect" || point === "after connect") socketFactory.closed.add(point);
  const abort = new AbortController();
  const connecting = client.connect({ signal: abort.signal });
  connecting.catch(() => {});
  if (point !== "in one turn") await world.run(100);
  const release = async () => {
    isHeld = false;
    socketFactory.release();
    for (const go of gates.splice(0)) go();
    await world.run(200);
  };
  return { world, socketFactory, client, connecting, abort, release };
}

describe.each(connectPoints)("a client that is disconnected while it connects, at %s,", (point) => {
  test("rejects, and what comes late for the attempt is dropped", async () => {
    const { world, socketFactory, client, connecting, release } = await halfway(point);
    const events: string[] = [];
    client.on("authenticated", () => void events.push("authenticated"));
    const disconnecting = client.disconnect();
    await expect(connecting).rejects.toMatchObject({ code: "ERR_CLOSED" });
    await release();
    await world.run(3000, 50);
    await disconnecting;
    expect([client.active, client.player, socketFactory.open.size, world.server.players.length]).toEqual([
      false,
      null,
      0,
      0,
    ]);
    expect(events).toEqual([]);
  });

  test.skipIf(point === "the server's silence")("connects again in the same turn, as one player", async () => {
    const { world, socketFactory, client, connecting, release } = await halfway(point);
    void client.disconnect();
    const again = client.connect();
    await expect(connecting).rejects.toMatchObject({ code: "ERR_CLOSED" });
    await release();
    await world.run(3000, 50);
    expect((await again).isAuthenticated).toBe(true);
    expect(world.server.players.length).toBe(1);
    expect(socketFactory.open.size).toBe(1);
  });

  test("rejects with the reason of its signal", async () => {
    const { world, client, socketFactory, connecting, abort, release } = await halfway(point);
    abort.abort(new Error("changed my mind"));
    await expect(connecting).rejects.toThrow("changed my mind");
    await release();
    await world.run(3000, 50);
    expect([client.active, socketFactory.open.size]).toEqual([false, 0]);
  });
});

const told: Record<string, string> = {
  "before connect": "has not answered within 5000 ms",
  "after connect": "has not answered within 5000 ms",
  "the server's silence": "answered, but has not finished the handshake within 5000 ms",
  "the credential's proof": "The client's credential has made no proof within 5000 ms",
  "the server's proof": "The client's credential has not confirmed the server within 5000 ms",
};

test.each(Object.keys(told))("handshakeTimeoutMs ends a connect that waits at %s, and says so", async (point) => {
  const { world, client, connecting } = await halfway(point as (typeof connectPoints)[number]);
  await world.run(4800, 50);
  expect(client.active).toBe(true);
  await world.run(400, 50);
  const code = point.endsWith("connect") ? "ERR_CONNECT_FAILED" : "ERR_HANDSHAKE_TIMEOUT";
  const error = { code, message: expect.stringContaining(told[point] as string) };
  await expect(connecting).rejects.toMatchObject(error);
  expect(client.active).toBe(false);
});

test.each(["before connect", "after connect"] as const)("resumeWindowMs ends a resume that waits %s", async (point) => {
  const server = { sessions: { resumeWindowMs: 7000 } };
  const world = new MessageWorld({ protocol: newProtocol(), kind: "stream", server });
  await world.server.start();
  const socketFactory = new GatedFactory(world.network, { kind: "stream" });
  let isCut = false;
  const createClientSocket = socketFactory.createClientSocket.bind(socketFactory);
  socketFactory.createClientSocket = () => {
    const socket = createClientSocket();
    const send = socket.send.bind(socket);
    socket.send = (...packet) => isCut || send(...packet);
    return socket;
  };
  const { client } = await world.join({ socketFactory });
  isCut = true;
  socketFactory.closed.add(point);
  await world.until(() => client.player?.state === PlayerState.Suspended, 50);
  const reasons: unknown[] = [];
  client.on("disconnected", (reason) => void reasons.push(reason));
  await world.run(6900, 50);
  expect(reasons).toEqual([]);
  await world.run(200, 50);
  expect(reasons).toMatchObject([{ code: 1000, text: expect.stringContaining("7000 ms") }]);
  expect(client.active).toBe(false);
});

test("a client whose resume is given up by disconnect does not come back", async () => {
  const server = { sessions: {} };
  const world = new MessageWorld({ protocol: newProtocol(), kind: "stream", server });
  await world.server.start();
  const socketFactory = new CuttableFactory(world.network, { kind: "stream" });
  const { client, player } = await world.join({ socketFactory, credential: defineCredential("name", u8, 1) });
  socketFactory.isCut = true;
  await world.until(() => client.player?.state === PlayerState.Suspended && !player.isConnected, 50);
  socketFactory.isCut = false;
  void client.disconnect();
  await world.run(3000, 50);
  expect([client.active, player.state]).toEqual([false, PlayerState.Disconnected]);
});
