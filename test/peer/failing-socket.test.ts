import { expect, test } from "vitest";
import { Channel } from "../../lib/peer/index.js";
import { DisconnectCode, type ISocket, type MemorySocketKind } from "../../lib/socket/index.js";
import { broken, Failing, type FailingCall, unfollowed } from "../support/failing-socket.js";
import { PeerWorld, Recorder, text } from "../support/peer-world.js";

interface Moment {
  kind: MemorySocketKind;
  side: "client" | "server";
  call: FailingCall;
  rejects: boolean;
}

/** A client connects, messages go both ways, and both end. Returns whether the moment came. */
async function live({ kind, side, call, rejects }: Moment, at: number): Promise<boolean> {
  const failing = new Failing(call, at, rejects);
  const world = new PeerWorld({ kind });
  if (side === "server") failing.wrap(world.serverSocket);
  await world.listen();
  const socket = world.factory.createClientSocket();
  if (side === "client") failing.wrap(socket);
  const handler = new Recorder();
  const peer = world.newPeer(socket, handler, {});
  const result = peer.connect(world.factory.getConnectEndPoint()).then(
    (connection) => connection,
    (error) => error,
  );
  world.serverHandler.reply = (connection) => {
    if (world.serverHandler.messages.length < 3) connection.send(text("pong"), Channel.Reliable);
  };
  handler.reply = (connection) => connection.send(text("ping"), Channel.Reliable);
  await world.run(200);
  const [connection] = peer.connections;
  connection?.send(text("ping"), Channel.Reliable);
  await world.run(200);
  const [leaving] = side === "client" ? peer.connections : world.server.connections;
  if (at % 2 === 0) leaving?.disconnect({ code: 1, text: "bye" });
  await world.run(50);
  const peers = side === "client" ? [peer, world.server] : [world.server, peer];
  const closed = Promise.all(peers.map((one) => one.close()));
  await world.run(20_000, 100);
  await closed;
  const outcome = await result;
  await new Promise(setImmediate);
  expect(unfollowed).toEqual([]);
  expect(peer.connections).toEqual([]);
  expect(world.server.connections).toEqual([]);
  expect(world.clock.timerCount).toBe(0);
  const isMet = failing.count > at;
  const heard = [...handler.errors, ...world.serverHandler.errors, ...(outcome instanceof Error ? [outcome] : [])];
  if (isMet) {
    expect(heard.map((error) => [(error as { code: string }).code, (error as Error).message])).toContainEqual([
      "ERR_FAILED",
      "The socket failed: The cable is broken",
    ]);
  } else expect(heard).toEqual([]);
  return isMet;
}

const moments: Moment[] = (["datagram", "reliable-lanes", "stream"] as const).flatMap((kind) =>
  (["client", "server"] as const).flatMap((side) =>
    (["send", "close", "disconnect"] as const).flatMap((call) =>
      // A datagram's handle has nothing to end.
      kind === "datagram" && call === "disconnect"
        ? []
        : [true, false]
            .filter((rejects) => call !== "send" || !rejects)
            .map((rejects) => ({ kind, side, call, rejects })),
    ),
  ),
);

test.each(moments)("a socket that fails is told of once, and harms nothing else: %o", async (moment) => {
  let at = 0;
  while (await live(moment, at)) at++;
  expect(at).toBeGreaterThan(0);
});

test("a packet that the socket threw at is lost, and its connection ends", async () => {
  const { world, client } = await PeerWorld.connected();
  world.serverHandler.reply = (connection) => connection.send(text("answer"), Channel.Reliable);
  const second = world.dial();
  await world.run(100);
  client.send(text("question"), Channel.Reliable);
  await world.run(0);
  new Failing("send", 0, false).wrap(world.serverSocket);
  await world.run(20);
  expect(world.serverHandler.disconnected).toEqual([
    { code: DisconnectCode.ConnectionLost, text: "The socket failed" },
  ]);
  expect(world.server.connections).toHaveLength(1);
  (await second.connection).send(text("question"), Channel.Reliable);
  await world.run(100);
  expect(second.handler.texts).toEqual(["answer"]);
  expect(unfollowed).toEqual([]);
});

/** Lets the next flush of a socket throw. */
function breakFlush(socket: ISocket): void {
  const flush = socket.flush.bind(socket);
  socket.flush = () => {
    socket.flush = flush;
    throw broken();
  };
}

test("after a flush that has thrown the Peer goes on", async () => {
  const world = new PeerWorld();
  await world.listen();
  const socket = world.factory.createClientSocket();
  const peer = world.newPeer(socket, new Recorder());
  const connecting = peer.connect(world.factory.getConnectEndPoint());
  await world.run(100);
  const client = await connecting;
  client.send(text("first"), Channel.Reliable);
  breakFlush(socket);
  await new Promise(setImmediate); // It sends at the end of this turn.
  expect(unfollowed.map((error) => (error as Error).message)).toEqual(["The cable is broken"]);
  client.send(text("second"), Channel.Reliable);
  await world.run(200);
  expect(world.serverHandler.texts).toEqual(["first", "second"]);
});

test("a flush that throws while a client connects rejects its connect", async () => {
  const world = new PeerWorld();
  await world.listen();
  const socket = world.factory.createClientSocket();
  breakFlush(socket);
  const peer = world.newPeer(socket, new Recorder());
  await expect(peer.connect(world.factory.getConnectEndPoint())).rejects.toThrow("The cable is broken");
  await peer.close();
  await new Promise(setImmediate);
  expect(unfollowed).toEqual([]);
});
