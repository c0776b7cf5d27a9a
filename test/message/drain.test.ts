import { expect, test } from "vitest";
import { defineProtocol, NetworkServer } from "../../lib/message/index.js";
import { CuttableFactory, MessageWorld } from "../support/message-world.js";

const newProtocol = () => defineProtocol({ name: "drain", version: 1, messages: [] });

async function started() {
  const world = new MessageWorld({ protocol: newProtocol(), kind: "stream", server: { sessions: {} } });
  await world.server.start();
  const codeOf = async () => {
    const { client, connecting } = world.dial();
    const code = connecting.then(() => "none").catch((error) => error.code);
    await world.until(() => client.isAuthenticated || !client.active);
    return code;
  };
  return { world, server: world.server, codeOf };
}

/** What a promise has come to, `undefined` while it waits. */
function watch<T>(promise: Promise<T>) {
  const seen: { value?: T } = {};
  void promise.then((value) => {
    seen.value = value;
  });
  return seen;
}

test("a server that is closed takes no newcomers; whoever was lost may resume; open takes it back", async () => {
  const { world, server, codeOf } = await started();
  const socketFactory = new CuttableFactory(world.network, { kind: "stream" });
  const { client, player } = await world.join({ socketFactory });
  server.close();
  expect(await codeOf()).toBe("ERR_SERVER_CLOSED");
  socketFactory.isCut = socketFactory.isDeaf = true;
  await world.until(() => !client.isConnected && !player.isConnected, 50);
  socketFactory.isCut = socketFactory.isDeaf = false;
  await world.until(() => client.isAuthenticated, 50);
  server.open();
  expect(await codeOf()).toBe("none");
});

test("drain ends when the last player has left, and leaves the server stopped", async () => {
  const { world, server, codeOf } = await started();
  const { client: one } = await world.join();
  const { client: two } = await world.join();
  const drained = watch(server.drain({ deadlineMs: 60_000 }));
  void one.disconnect();
  await world.run(1000, 20);
  expect(drained).toEqual({});
  expect(await codeOf()).toBe("ERR_SERVER_CLOSED");
  void two.disconnect();
  await world.run(3000, 20);
  expect([drained, server.active]).toEqual([{ value: 0 }, false]);
  await server.start();
  expect(await codeOf()).toBe("none");
});

test("drain disconnects those who are here at its deadline, with its reason", async () => {
  const { world, server } = await started();
  const { client } = await world.join();
  const reasons: unknown[] = [];
  client.on("disconnected", (reason) => void reasons.push(reason));
  const drained = watch(server.drain({ deadlineMs: 5000, reason: { code: 9, text: "An update" } }));
  await world.run(4900, 20);
  expect(reasons).toEqual([]);
  await world.run(3000, 20);
  expect([reasons, drained, server.active]).toEqual([[{ code: 9, text: "An update" }], { value: 1 }, false]);
});

test("open takes a drain back: the server goes on", async () => {
  const { world, server, codeOf } = await started();
  await world.join();
  const drained = watch(server.drain({ deadlineMs: 5000 }));
  await world.run(1000, 20);
  expect(drained).toEqual({});
  server.open();
  await world.run(10);
  expect(drained).toEqual({ value: null });
  await world.run(6000, 20);
  expect([server.active, await codeOf()]).toEqual([true, "none"]);
});

test("a stop meanwhile ends the drain, which does not stop the next start", async () => {
  const { world, server, codeOf } = await started();
  await world.join();
  const drained = watch(server.drain({ deadlineMs: 60_000 }));
  void server.stop();
  await world.run(3000, 20);
  await server.start();
  await world.run(100);
  expect(drained.value).toBeDefined();
  expect([server.active, await codeOf()]).toEqual([true, "none"]);
});

test("a server that is not active cannot be drained, and the server of a room cannot be closed", async () => {
  const { server } = await started();
  const idle = new NetworkServer({ protocol: newProtocol() });
  await expect(idle.drain()).rejects.toMatchObject({ code: "ERR_STATE" });
  const frontEnd = NetworkServer.frontEndOf(server);
  const room = new NetworkServer({ protocol: server.protocol }, { frontEnd, isLobby: false });
  expect(() => room.close()).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
});
