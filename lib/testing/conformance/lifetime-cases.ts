import { Delivery, ReceivedPacket } from "../../socket/socket.js";
import { assertEqual, assertThat, errorOf, rejectionOf } from "./assert.js";
import { numbered } from "./packet-cases.js";
import type { SocketWorld } from "./socket-world.js";

async function factoriesWork(world: SocketWorld): Promise<void> {
  for (const factory of [world.factory, world.clientFactory]) {
    assertEqual(factory.isSupported, true, "isSupported");
    assertThat(Number.isInteger(factory.maxPacketSize) && factory.maxPacketSize >= 64, "maxPacketSize is in bytes");
  }
  const server = world.createServer();
  assertEqual(server.socket.boundPort, null, "boundPort before bind");
  await world.bind(server);
  const { boundPort } = server.socket;
  assertThat(boundPort === null || (boundPort > 0 && boundPort < 65_536), "boundPort after bind is a port");
}

async function closedSocketsAreQuiet(world: SocketWorld): Promise<void> {
  const { server, client, handle, serverHandle } = await world.pair();
  // Packets are on their way to both when they close.
  client.send(handle, numbered(1, 8), Delivery.Reliable);
  server.send(serverHandle, numbered(2, 8), Delivery.Reliable);
  client.call("flush", ({ flush }) => flush.call(client.socket));
  server.call("flush", ({ flush }) => flush.call(server.socket));
  await world.idle();
  const closed = [client.close(), client.close()];
  await world.during(Promise.all(closed));
  await world.during(client.close());
  if (handle.isStateful) await world.until(() => server.disconnected.length === 1, "onDisconnect of the other side");
  await world.during(server.close());
  for (const { socket } of [client, server]) {
    socket.tick();
    socket.flush();
    assertEqual(socket.poll(), false, "poll() of a closed socket");
    assertEqual(errorOf(() => socket.receive(new ReceivedPacket()), "receive").code, "ERR_NO_PACKET", "the code");
  }
  assertEqual(client.send(handle, numbered(1, 8), Delivery.Reliable), false, "send of a closed socket");
  assertEqual(server.send(serverHandle, numbered(1, 8), Delivery.Reliable), false, "send of a closed socket");
  await world.during(handle.disconnect({ code: 0, text: "" }));
}

async function figuresAreNumbers(world: SocketWorld): Promise<void> {
  const { server, client } = await world.pair();
  await world.during(client.close());
  await world.during(server.close());
  // They can be read at any time, also from a socket that is closed.
  for (const { socket } of [server, client, world.createServer()]) {
    const { droppedPackets = 0, pendingConnections, transportFigures } = socket;
    const counts = { droppedPackets, ...pendingConnections, ...transportFigures };
    for (const [name, count] of Object.entries(counts)) {
      assertThat(typeof count === "string" || count >= 0, `${name} is a text, or a number from 0 on`);
    }
  }
}

async function aSocketIsUsedOnce(world: SocketWorld): Promise<void> {
  const { server, client } = await world.pair();
  const bind = world.factory.getBindEndPoint();
  const codes = async (call: () => Promise<unknown>) => (await rejectionOf(world.during(call()), "a second use")).code;
  assertEqual(await codes(() => server.socket.bind(bind)), "ERR_IN_USE", "the code of a second bind");
  assertEqual(await codes(() => world.startConnecting(server, client)), "ERR_IN_USE", "the code of a second connect");
  await world.during(client.close());
  assertEqual(await codes(() => world.startConnecting(server, client)), "ERR_CLOSED", "the code after close");
  const fresh = world.createServer();
  await world.during(fresh.close());
  assertEqual(await codes(() => fresh.socket.bind(bind)), "ERR_CLOSED", "the code of bind after close");
}

async function connectCanBeAborted(world: SocketWorld): Promise<void> {
  const server = await world.bind();
  const reason = new Error("changed my mind");
  const early = world.startConnecting(server, world.createClient(), AbortSignal.abort(reason));
  assertThat((await rejectionOf(early, "connect with an aborted signal")) === reason, "the signal's reason");
  const controller = new AbortController();
  const late = world.startConnecting(server, world.createClient(), controller.signal);
  controller.abort(reason);
  const result = await late.catch((error: unknown) => error);
  const isConnected = typeof result === "object" && result !== null && "isStateful" in result;
  assertThat(result === reason || isConnected, "the signal's reason, or a connection that was quicker");
  await world.connect(server);
}

async function nobodyListens(world: SocketWorld): Promise<void> {
  const server = await world.bind();
  const { handle } = await world.connect(server);
  await world.during(server.close());
  if (!handle.isStateful || server.socket.boundPort === null) return;
  const error = await rejectionOf(world.startConnecting(server), "connect where nobody listens");
  assertEqual(error.code, "ERR_CONNECT_FAILED", "the code");
}

async function closeDuringConnect(world: SocketWorld): Promise<void> {
  const server = await world.bind();
  const client = world.createClient();
  const connecting = world.startConnecting(server, client).catch((error: unknown) => error);
  const closing = client.close();
  await world.during(Promise.all([connecting, closing]));
  await world.quiet();
  assertEqual(server.disconnected.length, server.connected.length, "ends, of as many connections as were told");
}

export const lifetimeCases = {
  "a factory says what it supports": factoriesWork,
  "a closed socket is quiet, and may be closed again": closedSocketsAreQuiet,
  "figures are numbers, open or closed": figuresAreNumbers,
  "a socket is bound or connected once": aSocketIsUsedOnce,
  "connect can be aborted": connectCanBeAborted,
  "connect fails where nobody listens": nobodyListens,
  "close during connect leaves nothing": closeDuringConnect,
};
