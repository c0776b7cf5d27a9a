import { equalBytes } from "../../bytes.js";
import type { DisconnectReason } from "../../socket/disconnect-reason.js";
import { Delivery, type IConnectionHandle } from "../../socket/socket.js";
import { assertEqual, assertThat, rejectionOf } from "./assert.js";
import { numbered } from "./packet-cases.js";
import type { SocketWorld } from "./socket-world.js";

async function handleContract(world: SocketWorld): Promise<void> {
  const { server, client, handle, serverHandle } = await world.pair();
  const other = await world.connect(server);
  assertThat(serverHandle.equals(serverHandle) && serverHandle.copy().equals(serverHandle), "a copy equals its handle");
  assertThat(!serverHandle.equals(other.serverHandle), "handles of two clients are not equal");
  assertThat(serverHandle.address !== other.serverHandle.address, "two clients have two addresses");
  assertEqual(serverHandle.copy().address, serverHandle.address, "the address of a copy");
  assertThat(!handle.equals(serverHandle) || !handle.isStateful, "the two ends of a connection are not equal");
  const [packet] = await world.deliver(client, handle, server, [numbered(1, 8)]);
  const [otherPacket] = await world.deliver(other.client, other.handle, server, [numbered(2, 8)]);
  assertThat(packet?.handle.equals(serverHandle) === true, "a packet's handle, kept by copy(), is its sender's");
  assertThat(otherPacket?.handle.equals(other.serverHandle) === true, "another packet's is the other sender's");
  if (!serverHandle.isStateful) return;
  assertThat(serverHandle.copy() === serverHandle, "a stateful handle is its own copy");
  assertThat(packet?.handle === serverHandle, "a stateful handle is one object");
  const mark = { name: "mark" };
  serverHandle.connection = mark;
  assertThat(serverHandle.connection === mark, "a stateful handle keeps `connection`");
}

async function manyClients(world: SocketWorld): Promise<void> {
  const server = await world.bind();
  const clients = [];
  for (let count = 0; count < 12; count++) clients.push(await world.connect(server));
  for (const [index, { client, handle, serverHandle }] of clients.entries()) {
    const bytes = numbered(index + 100, 20);
    const [packet] = await world.deliver(client, handle, server, [bytes]);
    assertThat(packet?.handle.equals(serverHandle) === true, "every packet has its sender's handle");
    await world.deliver(server, serverHandle, client, [bytes]);
  }
  for (const [index, { client }] of clients.entries()) {
    const strange = client.packets.filter(({ bytes }) => !equalBytes(bytes, numbered(index + 100, 20)));
    assertEqual(strange.length, 0, "the number of packets for somebody else");
  }
}

/** 120 bytes in UTF-8: 30 characters of 4 bytes. */
const LONG_TEXT = "\u{1f680}".repeat(30);
const reasons: DisconnectReason[] = [
  { code: 0, text: "" },
  { code: 1, text: "bye" },
  { code: 999, text: LONG_TEXT },
  { code: 1000, text: "timeout" },
  { code: 1016, text: LONG_TEXT },
];

async function reasonsTravel(world: SocketWorld): Promise<void> {
  const server = await world.bind();
  for (const reason of reasons) {
    for (const side of ["client", "server"] as const) {
      const { client, handle, serverHandle } = await world.connect(server);
      if (!handle.isStateful) {
        await world.during(handle.disconnect(reason));
        return;
      }
      const [near, far] = side === "client" ? [client, server] : [server, client];
      const [nearHandle, farHandle] = side === "client" ? [handle, serverHandle] : [serverHandle, handle];
      const promise = near.disconnect(nearHandle, reason);
      const told = () => far.disconnected.find((ended) => ended.handle === farHandle);
      await world.until(() => told() !== undefined, `onDisconnect with code ${reason.code}`);
      assertEqual(told()?.reason, reason, `the reason from the ${side}`);
      await world.during(promise);
      await world.during(near.disconnect(nearHandle, reason));
      await world.during(far.disconnect(farHandle, reason));
      for (const [user, ended] of [
        [near, nearHandle],
        [far, farHandle],
      ] as const) {
        assertEqual(user.send(ended, numbered(1, 8), Delivery.Reliable), false, "send on a handle that has ended");
      }
      const isOwn = near.disconnected.some((ended) => ended.handle === nearHandle);
      assertThat(!isOwn, "no onDisconnect for one's own disconnect");
    }
  }
}

async function disconnectIsGraceful(world: SocketWorld): Promise<void> {
  const { server, client, handle, serverHandle } = await world.pair();
  if (!handle.isStateful) return;
  const total = 60;
  for (let number = 0; number < total; number++) {
    assertThat(client.send(handle, numbered(number, 500), Delivery.Reliable), "a packet of 60 is taken");
  }
  const reason = { code: 7, text: "done" };
  const promise = client.disconnect(handle, reason);
  await world.until(() => server.disconnected.length > 0, "onDisconnect");
  await world.during(promise);
  assertEqual(server.packets.length, total, "the number of reliable packets before onDisconnect");
  assertThat(server.disconnected[0]?.handle === serverHandle, "onDisconnect tells the handle");
  assertEqual(server.disconnected[0]?.reason, reason, "the reason");
}

async function strangersAreRefused(world: SocketWorld): Promise<void> {
  const server = await world.bind();
  const { handle } = await world.connect(server);
  if (!handle.isStateful) {
    assertEqual(server.incoming.length, 0, "calls of onIncoming for a stateless handle");
    return;
  }
  const [first] = server.incoming;
  assertThat(first !== undefined && first.address.length > 0, "onIncoming is told an address");
  assertEqual(first.security, server.connected[0]?.security, "the security told to onIncoming");
  for (const reason of [
    { code: 5, text: LONG_TEXT },
    { code: 1010, text: "full" },
  ]) {
    server.answer = () => reason;
    const error = await rejectionOf(world.startConnecting(server), "connect when refused");
    assertEqual(error.code, "ERR_CONNECT_FAILED", "the code");
    assertEqual((error as { reason?: unknown }).reason, reason, "the reason for a refusal");
  }
  assertEqual(server.connected.length, 1, "the number of connections");
  server.answer = () => true;
  await world.connect(server);
}

async function verdictsMayWait(world: SocketWorld): Promise<void> {
  const server = await world.bind();
  const { handle } = await world.connect(server);
  if (!handle.isStateful) return;
  const settles: (() => void)[] = [];
  const later = (verdict: unknown) => () => new Promise((resolve) => settles.push(() => resolve(verdict)));
  const settle = () => world.until(() => settles.length > 0, "onIncoming").then(() => settles.splice(0)[0]?.());
  const reason = { code: 5, text: "not today" };
  server.answer = later(reason);
  const refused = world.startConnecting(server);
  refused.catch(() => {});
  await settle();
  const error = await rejectionOf(refused, "connect when refused later");
  assertEqual((error as { reason?: unknown }).reason, reason, "the reason for a refusal");
  server.answer = later(true);
  const [connected] = await Promise.all([world.connect(server), settle()]);
  await world.deliver(connected.client, connected.handle, server, [numbered(1, 8)]);
  // A server that closes meanwhile does not wait for the verdict.
  const waiting = world.startConnecting(server).catch(() => {});
  await world.until(() => settles.length > 0, "onIncoming");
  await world.during(server.close());
  settles[0]?.();
  await world.during(waiting);
}

/** What is no verdict lets nobody in. */
async function verdictsAreJudged(world: SocketWorld): Promise<void> {
  const server = await world.bind();
  const { handle } = await world.connect(server);
  if (!handle.isStateful) return;
  for (const answer of [false, undefined, { code: -1, text: "" }, Promise.resolve("yes")]) {
    server.answer = () => answer;
    const error = await rejectionOf(world.startConnecting(server), "connect without a verdict");
    assertEqual(error.code, "ERR_CONNECT_FAILED", "the code");
    await world.until(() => server.errors.some((thrown) => thrown instanceof TypeError), "tick throws a TypeError");
    server.errors.length = 0;
  }
  server.answer = () => true;
  await world.connect(server);
  assertEqual(server.connected.length, 2, "the number of connections");
}

/** An exception in one handler does not affect other connections. */
async function handlersMayThrow(world: SocketWorld): Promise<void> {
  const server = await world.bind();
  const { handle } = await world.connect(server);
  if (!handle.isStateful) return;
  const failure = new Error("a handler failed");
  server.greet = () => {
    throw failure;
  };
  const first = await world.connect(server);
  server.greet = () => {};
  assertThat(server.errors.includes(failure), "tick throws what onConnect threw");
  await world.deliver(first.client, first.handle, server, [numbered(1, 8)]);
  server.errors.length = 0;
  server.answer = () => {
    throw failure;
  };
  await rejectionOf(world.startConnecting(server), "connect when onIncoming throws");
  await world.until(() => server.errors.includes(failure), "tick throws what onIncoming threw");
  server.answer = () => true;
  server.errors.length = 0;
  const second = await world.connect(server);
  await world.deliver(second.client, second.handle, server, [numbered(2, 8)]);
}

async function handlersMayCall(world: SocketWorld): Promise<void> {
  const server = await world.bind();
  const reason = { code: 3, text: "not you" };
  const left: Promise<void>[] = [];
  server.greet = (handle: IConnectionHandle) => {
    server.socket.tick();
    server.send(handle, numbered(1, 8), Delivery.Reliable);
    left.push(server.disconnect(handle, reason));
  };
  const client = world.createClient();
  const handle = await world.startConnecting(server, client);
  if (!handle.isStateful) return;
  await world.until(() => client.disconnected.length > 0, "a disconnect from inside of onConnect");
  assertEqual(client.disconnected[0]?.reason, reason, "the reason");
  assertEqual(client.packets.length, 1, "the number of packets before it");
  await world.during(Promise.all(left));
  server.greet = () => left.push(server.close());
  const last = world.createClient();
  await world.startConnecting(server, last);
  await world.until(() => last.disconnected.length > 0, "the end of a server that closes inside of onConnect");
  await world.during(Promise.all(left));
}

export const connectionCases = {
  "handles keep their contract": handleContract,
  "many clients are told apart": manyClients,
  "reasons of a disconnect travel both ways": reasonsTravel,
  "what was sent reliably arrives before the disconnect": disconnectIsGraceful,
  "onIncoming refuses connections": strangersAreRefused,
  "onIncoming may answer later": verdictsMayWait,
  "an answer of onIncoming that is no verdict refuses": verdictsAreJudged,
  "a handler that throws does not affect other connections": handlersMayThrow,
  "handlers may send, disconnect and close": handlersMayCall,
};
